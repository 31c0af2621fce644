"""Cameras, watched for weeks: read, decided on, and told of."""
