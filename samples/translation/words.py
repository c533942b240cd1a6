"""The words of the sample's grammar, in both languages.

No French noun, verb or adjective before a noun starts with a vowel or h, so nothing elides, and
apart from the full stop no word is in both languages.
"""

from __future__ import annotations

from itertools import chain

NOUNS = {
    "person": """
        boy boys garçon garçons m
        farmer farmers fermier fermiers m
        baker bakers boulanger boulangers m
        king kings roi rois m
        brother brothers frère frères m
        girl girls fille filles f
        queen queens reine reines f
        sister sisters sœur sœurs f
    """,
    "animal": """
        cat cats chat chats m
        dog dogs chien chiens m
        rabbit rabbits lapin lapins m
        horse horses cheval chevaux m
        wolf wolves loup loups m
        duck ducks canard canards m
        mouse mice souris souris f
        cow cows vache vaches f
        goat goats chèvre chèvres f
        hen hens poule poules f
        turtle turtles tortue tortues f
    """,
    "thing": """
        book books livre livres m
        cake cakes gâteau gâteaux m
        hat hats chapeau chapeaux m
        basket baskets panier paniers m
        pencil pencils crayon crayons m
        cheese cheeses fromage fromages m
        apple apples pomme pommes f
        letter letters lettre lettres f
        flower flowers fleur fleurs f
        dress dresses robe robes f
        cup cups tasse tasses f
        key keys clé clés f
    """,
    "place": """
        garden gardens jardin jardins m
        castle castles château châteaux m
        field fields champ champs m
        boat boats bateau bateaux m
        house houses maison maisons f
        forest forests forêt forêts f
        street streets rue rues f
        kitchen kitchens cuisine cuisines f
    """,
    "surface": """
        bench benches banc bancs m
        bridge bridges pont ponts m
        carpet carpets tapis tapis m
        chair chairs chaise chaises f
        mountain mountains montagne montagnes f
    """,
}

LIVING = ("person", "animal")

# Masculine, feminine, and the masculine plural; the feminine plural always adds an s.
ADJECTIVES = {
    "before": """
        small petit petite petits
        big grand grande grands
        old vieux vieille vieux
        beautiful beau belle beaux
        pretty joli jolie jolis
        new nouveau nouvelle nouveaux
        good bon bonne bons
    """,
    "mood": """
        tired fatigué fatiguée fatigués
        sad triste triste tristes
        happy heureux heureuse heureux
        funny drôle drôle drôles
        proud fier fière fiers
        shy timide timide timides
    """,
    "state": """
        dirty sale sale sales
        heavy lourd lourde lourds
        strange étrange étrange étranges
        light léger légère légers
    """,
    "colour": """
        red rouge rouge rouges
        black noir noire noirs
        white blanc blanche blancs
        green vert verte verts
        blue bleu bleue bleus
        grey gris grise gris
    """,
}

# Plain form, third person, -ing form (a dash: never used so), French singular and plural.
VERBS = {
    "transitive": """
        see sees - voit voient
        want wants - veut veulent
        know knows - connaît connaissent
        watch watches watching regarde regardent
        find finds finding trouve trouvent
        follow follows following suit suivent
        carry carries carrying porte portent
        draw draws drawing dessine dessinent
        push pushes pushing pousse poussent
        hide hides hiding cache cachent
        lose loses losing perd perdent
    """,
    "intransitive": """
        sleep sleeps sleeping dort dorment
        run runs running court courent
        sing sings singing chante chantent
        dance dances dancing danse dansent
        work works working travaille travaillent
        fall falls falling tombe tombent
        jump jumps jumping saute sautent
    """,
}

# English, then the French masculine, feminine and plural; a dash: not in that number.
DETERMINERS = """
    the le la les
    a un une -
    this ce cette -
    these - - ces
    my mon ma mes
    his son sa ses
    some - - quelques
"""
DEFINITE = ("the", "this", "these", "my", "his")
"""What may follow a negation: with the others French has "pas de"."""

PREPOSITIONS = {
    "place": (("in", "dans"), ("behind", "derrière")),
    "surface": (("on", "sur"), ("under", "sous"), ("behind", "derrière")),
    "person": (("with", "avec"), ("without", "sans"), ("behind", "derrière")),
    "animal": (("with", "avec"), ("without", "sans"), ("behind", "derrière")),
}
ADVERBS = (
    ("often", "souvent"),
    ("always", "toujours"),
    ("already", "déjà"),
    ("slowly", "lentement"),
    ("quickly", "rapidement"),
)
NEGATED_ADVERBS = ADVERBS[:2]
FRONTED = (("now", "maintenant"), ("sometimes", "parfois"))
PRONOUNS = (("him", "le"), ("her", "la"), ("them", "les"))
SUBJECTS = (("he", "il"), ("she", "elle"))

FUNCTION_WORDS = """
    le la les un une ce cette ces mon ma mes son sa ses quelques
    dans derrière sur sous avec sans il elle et qui ne pas est sont .
"""
"""Target words that are no content words."""


def rows(table: str) -> list[list[str]]:
    """The words of a table, a row a line."""
    return [line.split() for line in table.split("\n") if line.strip()]


def every_word() -> set[str]:
    """Every word that the grammar can write, in both languages."""
    words = {".", "an", "and", "et", "that", "qui", "do", "does", "not", "ne", "pas"}
    words |= {"is", "are", "est", "sont"}
    for table in (*NOUNS.values(), *ADJECTIVES.values(), *VERBS.values(), DETERMINERS):
        words |= set(table.split())
    words |= {f"{row[2]}s" for table in ADJECTIVES.values() for row in rows(table)}
    pairs = (*ADVERBS, *FRONTED, *PRONOUNS, *SUBJECTS)
    words |= {word for pair in (*pairs, *chain(*PREPOSITIONS.values())) for word in pair}
    return words - {"-", "m", "f"}
