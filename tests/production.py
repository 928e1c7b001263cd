"""A production, as people write it."""

SPRING = """\
name = "spring"
output = "out/"
[variables]
animal = "fox"
[defaults.image]
model = "nano-banana-pro"
options = { resolution = "2K" }
[defaults.video]
model = "veo-3-1"
[node.hero]
media = "image"
prompt = "a {animal}"
[node.clip]
media = "video"
prompt = "it runs"
images = ["{node:hero}"]
[node.end]
media = "video"
prompt = "it sleeps"
videos = ["{node:clip}"]
[node.other]
media = "image"
prompt = "a tree"
"""
