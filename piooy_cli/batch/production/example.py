"""The example that `piooy init-plan` writes."""

EXAMPLE = """\
# A production: pictures, the videos made from them, and music. `piooy plan` shows what would be
# sent, `piooy run` sends it, each node once. After a change, only what has changed is sent again.

name = "spring"                  # what was sent is remembered under this name
output = "spring/"               # where the files go

[variables]                      # {animal} in a text below; or: piooy run FILE --var animal=hare
animal = "red fox"

[defaults]                       # for every node
[defaults.image]                 # for every image
model = "nano-banana-pro"
[defaults.video]
model = "veo-3-1"
options = { resolution = "720p" }

[node.hero]
media = "image"
prompt = "a {animal} in the snow, early morning"
options = { aspect_ratio = "16:9" }

[node.run]
media = "video"
prompt = "the {animal} starts to run"
images = ["{node:hero}"]         # the result of another node; {node:hero#2} is its second file
options = { duration = 8 }

[node.theme]
media = "music"
model = "suno-v5"
prompt = "quiet piano, snow, hope"
output = "music/"                # below the output of the file
"""
