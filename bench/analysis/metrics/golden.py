"""Makes golden.json: what mir_eval answers on seeded random inputs and edge cases. Needs mir_eval 0.8 and numpy.

usage: golden.py > golden.json
"""
import json
import sys
import warnings

import mir_eval
import numpy as np

warnings.simplefilter('ignore')
random = np.random.default_rng(20)


def times(count, begin, step, jitter):
    raw = begin + step * np.arange(count) + jitter * random.standard_normal(count)
    return np.round(np.sort(np.abs(raw)), 3)


def beat_pairs():
    yield np.array([]), np.array([])
    yield np.array([]), times(9, 5, .5, 0)
    yield times(9, 5, .5, 0), np.array([])
    yield np.array([6.]), np.array([6.02])
    yield times(2, 5.5, .5, 0), times(2, 5.52, .5, 0)
    yield times(3, 5.5, .5, 0), times(2, 5.5, 1., 0)
    yield times(30, 5, .5, 0), times(30, 5, .5, 0)
    yield times(30, 5, .5, 0), times(30, 5.25, .5, 0)
    yield times(30, 5, .5, 0), times(60, 5, .25, 0)
    yield times(30, 5, .5, 0), times(15, 5, 1., 0)
    yield times(30, 5, .5, 0), times(15, 5.5, 1., 0)
    yield np.array([5., 5.5, 5.5, 6., 6.5, 7., 7.5]), np.array([5., 5.5, 6., 6., 6.5, 7.5])
    yield times(30, 1, .5, .01), times(30, 1.01, .5, .02)
    for _ in range(28):
        step = random.uniform(.3, 1.1)
        factor = random.choice([1, 1, 1, 1, .5, 2, 2 / 3, 1.02])
        count = int(random.integers(4, 60))
        jitter = random.choice([.003, .02, .05, .12])
        reference = times(count, random.uniform(0, 6), step, .01)
        shift = random.choice([0, 0, .02, step / 2])
        estimated = times(max(2, int(count / factor)), reference[0] + shift, step * factor, jitter)
        drop = random.random(len(estimated)) > random.choice([0, 0, .1, .4])
        yield reference, estimated[drop]


def beats():
    for reference, estimated in beat_pairs():
        scores = mir_eval.beat.evaluate(reference, estimated)
        onset = mir_eval.onset.evaluate(reference, estimated)
        yield {'reference': reference.tolist(), 'estimated': estimated.tolist(),
               'beat': list(map(float, scores.values())), 'onset': list(map(float, onset.values()))}


def tempi():
    for reference, weight, estimated in [([60., 120.], .3, [60., 120.]), ([60., 120.], .3, [64.8, 64.9]),
                                         ([0., 120.], .5, [0., 118.]), ([90., 180.], 1., [45., 90.]),
                                         ([100., 200.], .25, [92., 216.]), ([70., 140.], 0., [140., 1.])]:
        answer = mir_eval.tempo.detection(np.array(reference), weight, np.array(estimated))
        yield {'reference': reference, 'weight': weight, 'estimated': estimated, 'scores': list(map(float, answer))}


def keys():
    names = ['C', 'Db', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'Ab', 'A', 'Bb', 'B']
    for reference in [('C', 'major'), ('A', 'minor'), ('F#', 'major'), ('Eb', 'minor'), ('G', 'other'), None]:
        row = []
        for mode in ['major', 'minor', 'other']:
            for name in names:
                as_text = 'X' if reference is None else ' '.join(reference)
                row.append(mir_eval.key.weighted_score(as_text, f'{name} {mode}'))
        yield {'reference': None if reference is None else [names.index(reference[0]), reference[1]], 'scores': row,
               'none': mir_eval.key.weighted_score('X' if reference is None else ' '.join(reference), 'X')}


ROOTS = ['C', 'C#', 'Db', 'D', 'Eb', 'E', 'F', 'F#', 'Gb', 'G', 'Ab', 'A', 'Bb', 'B', 'Fb', 'B#', 'Abb']
QUALITIES = ['maj', 'min', 'maj', 'min', '7', 'maj7', 'min7', 'dim', 'aug', 'sus4', 'sus2', 'hdim7', 'dim7', 'maj6',
             'min6', 'minmaj7', '9', 'maj9', 'min9', '11', 'min11', '13', 'maj13', 'min13', '1', '5', 'maj(9)',
             'min(*5)', '(1,b3)', 'maj(*3,4)', '7(#9)', 'maj/3', 'min/b3', 'maj/5', '7/b7', 'maj/2', 'maj(#11)/5']
LABELS = [f'{root}:{quality}' for root in ROOTS for quality in QUALITIES] + ['N', 'X', 'C', 'Eb', 'A/3', 'D/b7', 'G(9)']


def label():
    while True:
        chosen = str(random.choice(LABELS))
        if random.random() < .1:
            chosen = str(random.choice(['N', 'X']))
        try:
            mir_eval.chord.encode(chosen)
            return chosen
        except mir_eval.chord.InvalidChordException:
            continue


def spans(count, begin, end, make):
    cuts = np.unique(np.round(random.uniform(begin, end, count - 1), 3))
    edges = np.concatenate([[begin], cuts, [end]])
    return np.array([edges[:-1], edges[1:]]).T, [make() for _ in range(len(edges) - 1)]


def muddled(intervals, labels, make):
    """An answer near the truth: boundaries moved, some labels others."""
    edges = np.concatenate([intervals[:, 0], intervals[-1:, 1]])
    edges[1:-1] = np.round(edges[1:-1] + random.choice([.01, .3]) * random.standard_normal(len(edges) - 2), 3)
    edges = np.unique(np.clip(edges, edges[0], edges[-1]))
    return np.array([edges[:-1], edges[1:]]).T, [
        each if random.random() < .6 else make() for each in labels[:len(edges) - 1]]


def related():
    root = str(random.choice(ROOTS[:6]))
    return f'{root}:{random.choice(["maj", "min", "7", "maj7", "min7", "5", "sus4"])}'


def chords():
    for i in range(40):
        make = label if i % 2 else related
        reference = spans(int(random.integers(1, 12)), 0, round(float(random.uniform(5, 30)), 2), make)
        estimated = muddled(*reference, make)
        if i % 5 == 0:
            estimated = spans(int(random.integers(1, 8)), round(float(random.uniform(0, 2)), 2),
                              round(float(random.uniform(3, 33)), 2), make)
        scores = mir_eval.chord.evaluate(reference[0], list(reference[1]), estimated[0], list(estimated[1]))
        names = ['root', 'thirds', 'triads', 'tetrads', 'majmin', 'sevenths', 'mirex', 'overseg', 'underseg', 'seg']
        yield {'reference': [reference[0].tolist(), reference[1]], 'estimated': [estimated[0].tolist(), estimated[1]],
               'scores': {name: float(scores[name]) for name in names}}


def segments():
    def make():
        return str(random.choice(['A', 'B', 'C', 'a', 'intro']))
    for i in range(24):
        reference = spans(int(random.integers(1, 9)), 0, round(float(random.uniform(20, 200)), 2), make)
        estimated = muddled(*reference, make) if i % 3 else spans(int(random.integers(1, 12)), 0, 90.05, make)
        scores = mir_eval.segment.evaluate(reference[0], list(reference[1]), estimated[0], list(estimated[1]))
        names = ['F-measure@0.5', 'F-measure@3.0', 'Precision@0.5', 'Recall@3.0', 'Ref-to-est deviation',
                 'Est-to-ref deviation', 'Pairwise Precision', 'Pairwise Recall', 'Pairwise F-measure', 'NCE Over',
                 'NCE Under', 'NCE F-measure']
        yield {'reference': [reference[0].tolist(), reference[1]], 'estimated': [estimated[0].tolist(), estimated[1]],
               'scores': [float(scores[name]) for name in names]}


json.dump({'mirEval': mir_eval.__version__, 'beats': list(beats()), 'tempi': list(tempi()), 'keys': list(keys()),
           'chords': list(chords()), 'segments': list(segments())}, sys.stdout, separators=(',', ':'))
print()
