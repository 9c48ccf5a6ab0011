"""Where a checkpoint comes from: found on disk or on the Hub, checked, hashed, not loaded.

    resolve.resolve(source)  -> Checkpoint       the one way in
    inspect.inspect(root)    -> Checkpoint       what resolve does with a folder
    inspect.weight_files(c)  -> paths            which files hold the weights
    classifier.labels_of(config), architecture_of(config)

Everything read here was written by a stranger, so every read has a bound and no file is
executed, unpickled or handed to a tensor library.
"""
