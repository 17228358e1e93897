"""Many hosts' documents -> one picture: who complies, who drifted, who is an outlier among its equals."""
