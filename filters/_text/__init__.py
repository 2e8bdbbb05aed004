"""What several filters need to read text: plain forms, disguises, sentences."""
