"""The paths of the service, and what each of them answers."""
