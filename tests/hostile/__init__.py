"""What strangers hand over: names, folders, files and servers that mean no good.

``python -m tests.hostile --table`` runs every input and prints what came out by kind.
An input is one function of a `tests.hostile.world.World`: it puts what is hostile into
a folder of its own and returns the words of the command that meets it.

    @hostile("link", REFUSED)
    def image_leads_outside(world):
        source = world.coco()
        link(source / "train/000000000001.jpg", world.bait)
        return world.build()
"""
