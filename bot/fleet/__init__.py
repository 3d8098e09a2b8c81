"""What is known of an organization's images: which there are, how old and how vulnerable they are, what to do about it.

Docker Hub is looked through (`sweeping`) as cheaply as can be, and what it shows is kept (`snapshots`); everything else
reads what is kept, and says how old it is.
"""
