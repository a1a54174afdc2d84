"""The reference publisher: a gateway that keeps each reading until the record has it."""
