"""Pages of classes: methods in a table at the top, parameters and attributes under headings.

A class's docstring states its groups, in lists of lines like "- Network: `loss`, `encoding`."; the
entries on the page are sorted by these, and each name in the lists leads to its entry.
"""

import importlib
import inspect

from docutils import nodes
from sphinx.util import logging

ATTRIBUTES = "Attributes"
# The section whose texts numpydoc prints as they are. Of attributes that are properties it would
# print the first sentence of the property's docstring in place of what the class says.
AS_THEY_ARE = "Other Parameters"
HEADINGS = {"Parameters": "Parameters", AS_THEY_ARE: ATTRIBUTES}


def methods(module, name, package):
    """Return the names of the public methods that a class has from a package, alphabetically."""
    owner = getattr(importlib.import_module(module), name)

    def origin(member):  # none for a property
        value = inspect.getattr_static(owner, member)
        return getattr(value, "__module__", None) or ""

    public = (member for member in dir(owner) if member[0] != "_")
    return [name for name in public if origin(name).startswith(package)]


def rename_attributes(app, what, name, obj, options, lines):
    """Rename a class's section of attributes before numpydoc reads it."""
    if what == "class" and ATTRIBUTES in lines:
        start = lines.index(ATTRIBUTES)
        lines[start : start + 2] = [AS_THEY_ARE, "-" * len(AS_THEY_ARE)]


def arrange(app, domain, objtype, content):
    """Arrange what a class's docstring has become."""
    if objtype != "class":
        return
    signature = content.parent[0]
    path = f"{signature['module']}.{signature['fullname']}"
    lists = children(content, nodes.bullet_list)
    groups = stated_groups(lists)
    places = {}
    for fields in children(content, nodes.field_list):
        for field in children(fields, nodes.field):
            heading = HEADINGS.get(field[0].astext())
            if heading is None:
                continue
            entries = entries_of(field[1][0])
            for name, entry in entries.items():
                places[name] = mark(app, entry, f"{path}.{name}")
            if heading == ATTRIBUTES:
                shorten(field[1][0])
            arranged = sorted_entries(groups, entries, heading)
            where = content.index(fields)
            content[where:where] = [headed(heading, 2), *arranged]
            fields.remove(field)
        if not fields:
            content.remove(fields)
    link(lists, places)
    lift_members(content)


def children(node, kind):
    """Return a node's children of a kind."""
    return [child for child in node if isinstance(child, kind)]


def stated_groups(lists):
    """Return the titles and names of the groups that lists state."""
    items = [item for found in lists for item in found]
    return [
        (
            item.astext().partition(":")[0],
            [name.astext() for name in item.findall(nodes.literal)],
        )
        for item in items
    ]


def entries_of(definitions):
    """Return the entries of a list of parameters or attributes by name; some have two names."""
    return {
        name: item
        for item in definitions
        for name in item[0].next_node(nodes.strong).astext().split(", ")
    }


def mark(app, entry, path):
    """Let links and the search lead to an entry; return its place on the page."""
    entry[0].insert(0, nodes.target("", "", ids=[path]))
    app.env.get_domain("py").note_object(
        path, "attribute", path, location=entry
    )
    return path


def shorten(definitions):
    """Put the types of attributes before their texts, so that name and text fit in a row."""
    for term, *kind, text in definitions:
        for classifier in kind:
            term.parent.remove(classifier)
            text[0].insert(
                0, nodes.emphasis("", f"{classifier.astext()}. ")
            )


def sorted_entries(groups, entries, heading):
    """Return the entries under their groups' headings, or in one list without groups."""

    def listed(items):
        return nodes.definition_list(
            "", *dict.fromkeys(items), classes=[heading.lower()]
        )

    left = dict(entries)
    found = []
    for title, names in groups:
        mine = [left.pop(name) for name in names if name in left]
        found += [headed(title, 3), listed(mine)] if mine else []
    if found and left:
        logging.getLogger(__name__).warning(
            "No group of %s has %s", heading, ", ".join(left)
        )
    return found + ([listed(left.values())] if left else [])


def headed(title, level):
    """Return a heading that is no section, as a description cannot hold one."""
    heading = nodes.rubric("", title)
    heading["heading-level"] = level
    return heading


def link(lists, places):
    """Make links of the names in lists."""
    for name in [
        name for found in lists for name in found.findall(nodes.literal)
    ]:
        if name.astext() in places:
            place = nodes.reference("", "", name.deepcopy(), internal=True)
            place["refid"] = places[name.astext()]
            name.replace_self(place)


def lift_members(content):
    """Move the table of methods, which autodoc puts last, before the parameters."""
    first = content.first_child_matching_class(nodes.rubric)
    for table in children(content, nodes.container):
        if "members" in table["classes"] and first is not None:
            content.remove(table)
            content.insert(first, table)


def setup(app):
    """Take part in what autodoc does."""
    app.setup_extension("sphinx.ext.autodoc")
    # Before numpydoc, whose priority is 500.
    app.connect("autodoc-process-docstring", rename_attributes, 400)
    app.connect("object-description-transform", arrange)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
