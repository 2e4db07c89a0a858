print("ripen")
