"""What people and programs see: the console in HTML and the consumers' JSON, over one database that others fill."""
