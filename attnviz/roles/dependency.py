"""A word that looks at its head in the syntax tree, or a head at its dependent: each relation."""

from __future__ import annotations

from collections.abc import Sequence

from attnviz.roles.role import ArcRule, Arcs, RoleFamily, WordRole
from attnviz.text.types import Annotation

FEWEST = 20
"""A relation that occurs less often is not reported: nothing could be said of it."""

_REVERSE = ":reverse"

_IN_WORDS = {
    "acl": "clause that modifies a noun",
    "advcl": "adverbial clause",
    "advmod": "adverb",
    "amod": "adjective",
    "appos": "apposition",
    "aux": "auxiliary",
    "case": "preposition",
    "cc": "conjunction",
    "ccomp": "clause that is an object",
    "compound": "part of a compound",
    "conj": "conjunct",
    "cop": "copula",
    "det": "determiner",
    "iobj": "indirect object",
    "mark": "word that opens a clause",
    "nmod": "noun that modifies a noun",
    "nsubj": "subject",
    "nummod": "number",
    "obj": "object",
    "obl": "oblique noun",
    "punct": "punctuation mark",
    "xcomp": "open clause",
}
"""The commonest relations of Universal Dependencies, by what stands in them."""


def _arcs(relation: str, *, reverse: bool) -> ArcRule:
    def arcs(of: Annotation) -> Arcs:
        if relation not in of.relations:  # as in most sentences, and there are many relations
            return []
        arcs = [
            (word, of.heads[word])
            for word, name in enumerate(of.relations)
            if name == relation and of.heads[word] >= 0
        ]
        return [(head, word) for word, head in arcs] if reverse else arcs

    return arcs


def _member(relation: str, *, reverse: bool) -> WordRole:
    return WordRole(
        name=f"{ROLE.name}:{relation}{_REVERSE * reverse}",
        family_name=ROLE.name,
        relation=relation,
        reverse=reverse,
        fewest=ROLE.fewest,
        title=f"{relation}, from the head" if reverse else f"{relation}, to the head",
        family=ROLE.family,
        letter=ROLE.letter,
        order=ROLE.order,
        does=_does(relation, reverse=reverse),
        measures=ROLE.measures,
        about=(
            f"A word looks most at its dependent of the relation {relation}."
            if reverse
            else f"A word of the relation {relation} looks most at its head."
        ),
        formula=ROLE.formula,
        source=ROLE.source,
        margin=ROLE.margin,
        baselines=ROLE.baselines,
        needs=ROLE.needs,
        arcs=_arcs(relation, reverse=reverse),
    )


def _does(relation: str, *, reverse: bool) -> str:
    """What a head of the relation does, in words."""
    base = _IN_WORDS.get(relation)
    name = f"{base} ({relation})" if base else relation
    return f"looks from a word to its {name}" if reverse else f"looks from the {name} to its head"


def _members(annotations: Sequence[Annotation]) -> list[WordRole]:
    met = {
        name
        for annotation in annotations
        for head, name in zip(annotation.heads, annotation.relations, strict=True)
        if name and head >= 0
    }
    return [
        _member(relation, reverse=reverse) for relation in sorted(met) for reverse in (False, True)
    ]


def _named(name: str) -> WordRole:
    """The member of a name that `_member` gave."""
    relation = name.removeprefix(f"{ROLE.name}:")
    return _member(relation.removesuffix(_REVERSE), reverse=relation.endswith(_REVERSE))


ROLE = RoleFamily(
    name="dep",
    title="dependency relations",
    family="syntax",
    letter="T",
    order=200,
    does="follows the syntax tree",
    measures="of the words right",
    about="A word looks at its head in the dependency tree, or a head at its dependent.",
    formula=(
        "share of words of the relation whose most attended other word is right; a split word is "
        "the sum over its tokens as a key and their mean as a query (in causal models its last "
        "token, unless --pieces says otherwise); special tokens are left out, and a word with "
        "under 0.1 on content counts as wrong"
    ),
    source="Clark et al. 2019; Htut et al. 2019",
    margin=0.1,
    baselines=("fixed offset", "part of speech"),
    needs="dependency annotation: a .conllu file, or --annotate spacy",
    fewest=FEWEST,
    members=_members,
    member=_named,
)
