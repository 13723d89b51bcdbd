"""The database: one engine, our tables, one repository file a room, migrations. See README.md."""
