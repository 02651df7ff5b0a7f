"""What leaves for users' own endpoints: signed webhooks and notifications, under one policy of where they may go."""
