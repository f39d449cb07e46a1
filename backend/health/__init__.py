"""Whether the service is well, for people, load balancers and Prometheus."""
