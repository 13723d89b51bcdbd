"""How long real incidents lasted, in whole minutes, and how often they came.

Every incident that OpenAI (2021-03 to 2024-08) and Anthropic (2023-08 to 2024-08) reported on their status pages for
their APIs as minor, major or critical, from the first message to "resolved". Source: data set of Chu, Talluri, Lu,
Iosup, "An Empirical Characterization of Outages and Incidents in Public Services for Large Language Models", ICPE 2025
(https://zenodo.org/records/14018219; clean data, incident_stages.csv), read 2026-11-21: 203 of OpenAI's rows with
API = 1 and 58 of Anthropic's with api.anthropic.com = 1, impact 1 to 3, longer than nothing. No video service publishes
such a history; these are the nearest, and the large image and video models run beside them.
"""

_MINUTES = """
    1 2 4 5 5 6 6 7 8 10 10 10 10 10 11 12 12 12 12 13 14 14 14 15 15 15 15 15 16 16 16 16 17 17 17 17 19 19 20 20
    20 20 20 20 22 22 23 23 23 23 23 23 24 24 24 25 25 26 26 27 27 27 27 28 30 30 30 31 31 31 32 32 32 32 33 33 33
    35 35 35 35 36 37 37 38 38 39 39 39 39 40 41 41 42 43 43 45 45 46 47 47 47 48 49 49 50 51 54 54 55 56 56 58 59
    59 59 61 61 62 63 64 64 66 67 67 69 69 71 71 71 72 72 72 73 73 74 75 75 75 75 75 77 77 78 78 79 80 80 81 81 82
    84 86 87 87 88 88 88 88 91 91 93 93 93 98 101 103 104 104 104 107 107 108 110 111 111 111 112 117 117 121 125
    125 132 137 140 140 145 149 150 151 157 161 166 168 169 171 172 175 175 180 180 185 191 191 194 196 198 199
    203 207 208 217 227 234 235 236 238 238 246 251 252 256 269 271 271 273 276 277 278 280 284 292 299 301 307
    307 307 321 323 325 334 342 354 370 371 379 384 452 533 574 803 1112 1205 1242 1518 1777 1835 1890 1946 3030
"""
REAL_MINUTES = tuple(map(int, _MINUTES.split()))
A_DAY = 91 / 365
"""Incidents a day of one service: 91 of OpenAI's API in its last year of that data; Anthropic had 57."""
