# ruff: noqa: E501 - a path is one line of figures, and no easier to read in two.
"""The pictures of face and body on the sheet, with the treated zones shaded and the left-out ones striped."""

from base64 import b64encode
from collections.abc import Collection

SHADED, STRIPED, PLAIN = "#93C7CA", "url(#hx)", "#EEF2F3"

_HEAD = (
    "M150 16C210 16 249 58 251 124C253 160 249 190 243 214C237 246 222 280 197 306C181 323 167 331 150 331"
    "C133 331 119 323 103 306C78 280 63 246 57 214C51 190 47 160 49 124C51 58 90 16 150 16Z"
)
_HATCH = (
    '<pattern id="hx" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="7" height="7" fill="#fff"/><rect width="1.8" height="7" fill="#12212B"/></pattern>'
)
_FACE = {
    "forehead": "M77 90C94 66 122 59 150 59C178 59 206 66 223 90L229 118C212 107 186 110 166 121C156 124 144 124 134 121C114 110 88 107 71 118Z",
    "glabella": "M135 121C132 110 135 98 140 90L160 90C165 98 168 110 165 121C156 124 144 124 135 121Z",
    "temples": "M72 96L67 121C61 129 57 140 56 158L44 158C46 130 54 108 72 96ZM228 96L233 121C239 129 243 140 244 158L256 158C254 130 246 108 228 96Z",
    "periorbital": (
        "M62 151C63 131 84 119 108 122C126 124 137 135 136 151C134 167 122 178 100 178C78 178 62 169 62 151Z"
        "M80 151C86 141 94 138 103 138C113 138 120 143 124 152C116 160 110 162 102 162C93 162 86 159 80 151Z"
        "M238 151C237 131 216 119 192 122C174 124 163 135 164 151C166 167 178 178 200 178C222 178 238 169 238 151Z"
        "M220 151C214 141 206 138 197 138C187 138 180 143 176 152C184 160 190 162 198 162C207 162 214 159 220 151Z"
    ),
    "nose": "M138 126C146 129 154 129 162 126C163 160 168 184 176 202C179 213 171 221 160 221C154 225 146 225 140 221C129 221 121 213 124 202C132 184 137 160 138 126Z",
    "malar": (
        "M57 162C62 174 78 181 100 181C114 181 126 178 134 170C132 179 129 186 126 192C107 205 80 206 58.5 195C56.5 184 56 172 57 162Z"
        "M243 162C238 174 222 181 200 181C186 181 174 178 166 170C168 179 171 186 174 192C193 205 220 206 241.5 195C243.5 184 244 172 243 162Z"
    ),
    "cheeks": (
        "M59 198C81 209 107 208 123.5 197C122.5 199 121.7 200 121 201C118 210 121 217 124 222C115 231 109 240 106 252C96 258 84 252 74 238C66 226 61 212 59 198Z"
        "M241 198C219 209 193 208 176.5 197C177.5 199 178.3 200 179 201C182 210 179 217 176 222C185 231 191 240 194 252C204 258 216 252 226 238C234 226 239 212 241 198Z"
    ),
    "upper_lip": "M128 225C136 230 164 230 172 225C181 232 188 242 190.5 251L180 252C170 245 161 242 155 243C152 244 148 244 145 243C139 242 130 245 120 252L109.5 251C112 242 119 232 128 225Z",
    "perioral": "M109 254L120 253.5C128 263 138 267 150 267C162 267 172 263 180 253.5L191 254C188 270 172 277 150 277C128 277 112 270 109 254Z",
    "jawline": (
        "M58 214C63 232 74 248 88 257C96 261 103 260 107 258C110 268 114 276 121 280C119 292 119 304 122 320C104 318 70 270 58 214Z"
        "M242 214C237 232 226 248 212 257C204 261 197 260 193 258C190 268 186 276 179 280C181 292 181 304 178 320C196 318 230 270 242 214Z"
    ),
    "chin": "M124 281C140 285 160 285 176 281C178 296 177 310 172 322C160 336 140 336 128 322C123 310 122 296 124 281Z",
}
_FACE_UNDER = (
    '<g fill="#EEF2F3" stroke="#A9B6BD" stroke-width="1.6">'
    '<path d="M108 318C111 338 108 352 92 361L60 372H240L208 361C192 352 189 338 192 318Z"/>'
    '<path d="M49 146C38 140 33 150 36 168C39 186 46 202 55 203ZM251 146C262 140 267 150 264 168C261 186 254 202 245 203Z"/>'
    f'<path d="{_HEAD}"/></g>'
    '<path d="M150 16C210 16 249 58 251 124C251.5 132 251.5 138 251 146C245 128 240 108 231 92C214 66 184 56 150 56'
    'C116 56 86 66 69 92C60 108 55 128 49 146C48.5 138 48.5 132 49 124C51 58 90 16 150 16Z" fill="#C3CED3"/>'
)
_FACE_OVER = (
    '<path d="M74 126C86 115 108 113 128 121M226 126C214 115 192 113 172 121" fill="none" stroke="#7D8C95" stroke-width="5" stroke-linecap="round"/>'
    '<g fill="none" stroke="#5B6B76" stroke-width="2" stroke-linecap="round">'
    '<path d="M82 151C88 143 95 140 103 140C112 140 118 144 122 151C115 157 109 160 102 160C94 160 88 157 82 151Z'
    'M178 151C182 144 188 140 197 140C205 140 212 143 218 151C212 157 206 160 198 160C191 160 185 157 178 151Z" fill="#fff"/>'
    '<circle cx="102.5" cy="150" r="5.5" fill="#5B6B76" stroke="none"/><circle cx="197.5" cy="150" r="5.5" fill="#5B6B76" stroke="none"/>'
    '<path d="M122 253C132 248 139 246 145 247.5C148 248.5 152 248.5 155 247.5C161 246 168 248 178 253'
    'M122 253C136 257 164 257 178 253M122 253C130 261 139 265 150 265C161 265 170 261 178 253"/></g>'
)

# One figure stands at x = 0; front and back are the same outline moved left and right. Each shape is mirrored where
# it says "both".
_ARMS = "M-38 68C-47 71 -50 82 -51 96L-55 128L-45 130L-38 100L-34 80Z"
_LEGS = {
    "thighs": "M-37 176L-2 188L-5 236L-28 238C-35 214 -39 196 -37 176Z",
    "lower_legs": "M-28 240L-5 238L-9 296L-22 298C-27 276 -31 260 -28 240Z",
    "hands": "M-63 168C-69 178 -67 190 -61 193C-54 191 -52 181 -54 170Z",
    "upper_arms": _ARMS,
}
_FRONT = {
    "neck": "M-8 40C-3 46 3 46 8 40L10 56L-10 56Z",
    "decolletage": "M-10 57L10 57C22 60 34 62 37 68L34 80C20 76 -20 76 -34 80L-37 68C-34 62 -22 60 -10 57Z",
    "breasts": "M-33 82C-20 78 20 78 33 82L31 104C20 112 4 110 0 104C-4 110 -20 112 -31 104Z",
    "abdomen": "M-19 113C-8 112 -4 110 0 107C4 110 8 112 19 113L18 152C8 160 -8 160 -18 152Z",
}
_FRONT_BOTH = {"flanks_hips": "M-31 107L-21 113L-20 153L-35 164C-38 148 -27 134 -31 107Z", **_LEGS}
_BACK = {
    "neck": "M-8 42L8 42L10 56L-10 56Z",
    "back": "M-10 57L10 57C22 60 34 62 37 68L32 106L29 136L-29 136L-32 106L-37 68C-34 62 -22 60 -10 57Z",
    "flanks_hips": "M-29 138L29 138L35 160L-35 160Z",
    "buttocks": "M-35 162L35 162L38 184C24 195 4 195 0 187C-4 195 -24 195 -38 184Z",
}
_BACK_BOTH = dict(_LEGS)
_FIGURE = (
    '<g fill="#EEF2F3" stroke="#A9B6BD" stroke-width="1.2"><ellipse cx="0" cy="24" rx="15" ry="19"/>'
    '<path d="M-55 128L-63 168L-54 170L-45 130ZM55 128L63 168L54 170L45 130Z"/>'
    '<path d="M-35 164L-19 153C-8 161 8 161 19 153L35 164L37 176L2 188L-2 188L-37 176Z"/>'
    '<path d="M-22 299L-9 297L-7 311L-27 314ZM22 299L9 297L7 311L27 314Z"/></g>'
    '<path d="M-15 25C-16 10 -9 4 0 4C9 4 16 10 15 25C13 15 8 12 0 12C-8 12 -13 15 -15 25Z" fill="#C3CED3"/>'
)


def _fill(zone: str, treated: Collection[str], left_out: Collection[str]) -> str:
    return SHADED if zone in treated else STRIPED if zone in left_out else PLAIN


def face(treated: Collection[str], left_out: Collection[str]) -> str:
    zones = "".join(
        f'<path fill-rule="evenodd" fill="{_fill(zone, treated, left_out)}" d="{path}"/>'
        for zone, path in _FACE.items()
        # Between the brows is part of the forehead's picture until it is spoken of itself.
        if zone != "glabella" or zone in treated or zone in left_out
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="30 8 240 330" width="240" height="330"><defs>'
        f'<clipPath id="head"><path d="{_HEAD}"/></clipPath>{_HATCH}</defs>{_FACE_UNDER}'
        f'<g clip-path="url(#head)" stroke="#fff" stroke-width="2.4" stroke-linejoin="round">{zones}</g>{_FACE_OVER}</svg>'
    )


def _figure(x: int, one: dict[str, str], both: dict[str, str], treated: Collection[str], left_out: Collection[str]) -> str:
    shapes = []
    for zone, path in {**one, **both}.items():
        shape = f'<path fill="{_fill(zone, treated, left_out)}" d="{path}"/>'
        shapes.append(shape)
        if zone in both:
            shapes.append(f'<g transform="scale(-1 1)">{shape}</g>')
    return (
        f'<g transform="translate({x} 0)">{_FIGURE}<g stroke="#A9B6BD" stroke-width="1" stroke-linejoin="round">{"".join(shapes)}</g></g>'
    )


def body(treated: Collection[str], left_out: Collection[str]) -> str:
    """Front on the left, back on the right."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 318" width="300" height="318"><defs>{_HATCH}</defs>'
        f"{_figure(74, _FRONT, _FRONT_BOTH, treated, left_out)}{_figure(226, _BACK, _BACK_BOTH, treated, left_out)}</svg>"
    )


PICTURES = {"face": face, "body": body}
DRAWN = {"face": frozenset(_FACE), "body": frozenset({*_FRONT, *_FRONT_BOTH, *_BACK, *_BACK_BOTH})}


def data_uri(kind: str, treated: Collection[str], left_out: Collection[str]) -> str:
    return "data:image/svg+xml;base64," + b64encode(PICTURES[kind](treated, left_out).encode()).decode()
