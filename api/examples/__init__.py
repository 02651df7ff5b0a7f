"""Examples of the OpenAPI document: of what is answered, by hand or filled in by names, and of what is refused."""
