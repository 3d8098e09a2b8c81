"""What a subcommand is: declaration, parsing, routing, help. Knows neither Slack nor the terminal."""
