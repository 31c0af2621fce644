"""Who is told of events: files, webhooks, brokers and programs."""
