"""What is known of the traffic: plain counters fed by outcomes, the access log, sampled spans."""
