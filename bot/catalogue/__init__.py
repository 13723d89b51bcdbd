"""What each service can do and costs: TOML files with sources and dates, and the values they load into."""
