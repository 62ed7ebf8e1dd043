"""The whole platform as its users meet it: started as processes, spoken to over HTTP, killed."""
