print("sort")
