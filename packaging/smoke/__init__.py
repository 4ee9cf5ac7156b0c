"""What `smoke_test.py` uses. Any Python from 3.11 on runs it; nothing needs to be installed."""
