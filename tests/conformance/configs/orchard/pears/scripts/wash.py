print("wash")
