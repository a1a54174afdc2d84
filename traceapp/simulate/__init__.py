"""A district that speaks to the record as gateways and clinics do: over MQTT and HTTP only."""
