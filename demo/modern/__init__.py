"""The new payments service: takes the PHP gateway's API over, endpoint by endpoint."""
