"""Clusters from edges: must-links contracted, simple components taken as they are, the others solved, rivals heeded.

Belongs here: the order of the steps and which components need solving. Does not: the methods (solving.py, rivals.py).

A connected component of joining edges is taken as it is (the fast path) when that is certainly the best partition: no cannot-link inside,
density reached, and all evidence against it together weighs no more than the weakest edge of its strongest spanning tree, because every way
to cut the component loses at least that edge (by average linkage: when there is no evidence against it at all).
"""

from __future__ import annotations

import numpy as np

from resolvers.clustering import solving
from resolvers.clustering.conflicts import Conflicts
from resolvers.clustering.graph import OVER_MERGED, RIVAL, CannotLinks, Cut, Edges, Flags, Ids, Options, Partition, Refused, no_ids
from resolvers.clustering.pairs import Pairs, components, gather, strongest_tree
from resolvers.clustering.problem import SCALE, build
from resolvers.clustering.rivals import abstain

LEAD = "lead"
"""Method of a cut by abstention."""
_FAST = "components"


def partition(
    edges: Edges,
    *,
    cannot: CannotLinks | None = None,
    must: Ids | None = None,
    loose: Ids | None = None,
    options: Options | None = None,
) -> Partition:
    """Cluster the nodes that edges and must-links name (correlation clustering: Bansal, Blum, Chawla 2004).

    must: pairs that are one, one row each. loose: nodes that abstain between rivals (`Options.lead`). No cluster holds a cannot-link;
    must-links that cannot hold with cannot-links come back in `refused`, and none of those that hang together with them is applied.
    Independent of the order of rows; of the numbers of nodes only where weights are equal.
    """
    options, pairs_of_must = options or Options(), no_ids().reshape(0, 2) if must is None else must.reshape(-1, 2)
    named = np.concatenate([edges.left, edges.right, pairs_of_must[:, 0], pairs_of_must[:, 1]])
    nodes, place = np.unique(named, return_inverse=True)
    place, count = place.astype(np.int64), len(edges.left)
    left, right = place[:count], place[count : 2 * count]
    base = Conflicts.build(cannot or CannotLinks(), nodes)
    group, refused = _contract(place[2 * count :].reshape(2, -1), base)
    size = np.bincount(group).astype(np.int64)
    conflicts = base.contracted(group, len(size))
    pairs = gather(edges, left, right, group, options.threshold, options.threshold if options.against is None else options.against)
    label, method = _solve_all(pairs, size, conflicts, options)
    before, left_out = label, no_ids()
    if options.lead is not None and loose is not None and len(size):
        label, left_out = abstain(pairs, label, _all_loose(nodes, loose, group, len(size)), conflicts, options.lead)
    inside = np.flatnonzero(pairs.joins & (label[pairs.left] == label[pairs.right]))
    used = np.sort(pairs.edge[strongest_tree(pairs, inside, len(size))])
    cluster = _smallest(nodes, label[group]) if len(nodes) else nodes
    return Partition(
        nodes, cluster, used, _cuts(pairs, before, label, left_out, method, conflicts), refused, _objective(pairs, label, size, options)
    )


def _contract(must: Ids, conflicts: Conflicts) -> tuple[Ids, tuple[Refused, ...]]:
    """Group of every node under the must-links, and the must-links that contradict."""
    count, linked = components(must[0], must[1], conflicts.count)
    wrong = conflicts.within(linked, count)
    refused = []
    for row in np.flatnonzero(wrong[linked[must[0]]]).tolist():
        together = np.flatnonzero(linked == linked[must[0][row]]).tolist()
        refused.append(Refused(row, conflicts.reason_within(together)))
    held = ~wrong[linked[must[0]]]
    _, group = components(must[0][held], must[1][held], conflicts.count)
    return group, tuple(refused)


def _all_loose(nodes: Ids, loose: Ids, group: Ids, count: int) -> Flags:
    """Groups of which every node is loose."""
    found = np.ones(count, np.bool_)
    found[group[~np.isin(nodes, loose)]] = False
    return found


def _suspects(pairs: Pairs, size: Ids, component: Ids, count: int, conflicts: Conflicts, options: Options) -> Flags:
    """Components that are not certainly best as they are."""
    records = np.bincount(component, weights=size, minlength=count)
    several = np.bincount(component, minlength=count) > 1
    inside = component[pairs.left] == component[pairs.right]
    owner = component[pairs.left[inside]]
    negative = np.bincount(owner, weights=-np.minimum(pairs.gain[inside], 0), minlength=count)
    compared = np.bincount(owner, weights=pairs.compared[inside], minlength=count)
    within = np.bincount(component, weights=size * (size - 1) / 2, minlength=count)
    missing = records * (records - 1) / 2 - within - compared
    against = negative - options.absent_weight * SCALE * missing
    joining = np.flatnonzero(inside & pairs.joins)
    tree = strongest_tree(pairs, joining, len(size))
    weakest = np.full(count, np.inf)
    np.minimum.at(weakest, component[pairs.left[tree]], pairs.gain[tree].astype(np.float64))
    joined = np.bincount(component[pairs.left[joining]], minlength=count)
    nodes = np.bincount(component, minlength=count)
    sparse = joined < options.min_density * nodes * (nodes - 1) / 2
    suspect: Flags = several & (
        conflicts.within(component, count) | (against > (0 if options.method == "average" else weakest)) | (sparse & (nodes > 2))
    )
    return suspect


def _solve_all(pairs: Pairs, size: Ids, conflicts: Conflicts, options: Options) -> tuple[Ids, dict[int, str]]:
    """Label per node (0 to k - 1), and the method by node of the components that were solved."""
    count, component = components(pairs.left[pairs.joins], pairs.right[pairs.joins], len(size))
    if not count:
        return component, {}
    suspect = _suspects(pairs, size, component, count, conflicts, options)
    label, methods, fresh = component.copy(), {}, count
    inside = suspect[component[pairs.left]] & (component[pairs.left] == component[pairs.right])
    nodes_of = _by_component(component, np.flatnonzero(suspect[component]))
    rows_of = _by_component(component[pairs.left], np.flatnonzero(inside))
    absent = round(options.absent_weight * SCALE)
    problems = []
    for place, nodes in nodes_of.items():
        rows = rows_of[place]
        table = zip(*(side[rows].tolist() for side in (pairs.left, pairs.right, pairs.gain, pairs.compared)), strict=True)
        problems.append(build(nodes.tolist(), list(table), size[nodes].tolist(), absent, conflicts))
    for problem, (labels, method) in zip(problems, solving.solve(problems, options), strict=True):
        for node, found in zip(problem.nodes, labels, strict=True):
            label[node] = fresh + found
            methods[node] = method
        fresh += max(labels) + 1
    _, dense = np.unique(label, return_inverse=True)
    return dense.astype(np.int64), methods


def _by_component(component: Ids, places: Ids) -> dict[int, Ids]:
    """Places by their component."""
    ordered = places[np.argsort(component[places], kind="stable")]
    owners, starts = np.unique(component[ordered], return_index=True)
    return dict(zip(owners.tolist(), np.split(ordered, starts[1:]), strict=True)) if len(owners) else {}


def _smallest(nodes: Ids, label: Ids) -> Ids:
    """Smallest node of each node's cluster."""
    least = np.full(int(label.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(least, label, nodes)
    found: Ids = least[label]
    return found


def _objective(pairs: Pairs, label: Ids, size: Ids, options: Options) -> float:
    """Sum of gains inside clusters, must-links left out, in log2 odds."""
    inside = label[pairs.left] == label[pairs.right]
    total = float(pairs.gain[inside].sum()) / SCALE
    if not options.absent_weight:
        return total
    records, squares = np.bincount(label, weights=size), np.bincount(label, weights=size.astype(np.float64) ** 2)
    possible = float(((records**2 - squares) / 2).sum())
    return total + options.absent_weight * (possible - float(pairs.compared[inside].sum()))


def _cuts(pairs: Pairs, before: Ids, label: Ids, left_out: Ids, method: dict[int, str], conflicts: Conflicts) -> tuple[Cut, ...]:
    """Joining edges between different clusters, with the reason: abstention, what is known of the clusters, or the evidence as a whole."""
    abstained = set(left_out.tolist())
    rows = np.flatnonzero(pairs.joins & (label[pairs.left] != label[pairs.right]))
    touched = {int(cluster) for row in rows.tolist() for cluster in (before[pairs.left[row]], before[pairs.right[row]])}
    chosen = np.zeros(int(before.max(initial=-1)) + 1, np.bool_)
    chosen[list(touched)] = True
    members: dict[int, list[int]] = {}
    for node in np.flatnonzero(chosen[before]).tolist() if len(before) else []:
        members.setdefault(int(before[node]), []).append(node)
    cuts, known = [], dict[tuple[int, int], str | None]()
    for row in rows.tolist():
        left, right, edge = int(pairs.left[row]), int(pairs.right[row]), int(pairs.edge[row])
        direct = conflicts.between([left], [right])
        if direct is None and (left in abstained or right in abstained):
            cuts.append(Cut(edge, RIVAL, LEAD))
            continue
        one, other = sorted((int(before[left]), int(before[right])))
        if one != other and (one, other) not in known:
            known[one, other] = conflicts.between(members[one], members[other])
        cuts.append(Cut(edge, direct or known.get((one, other)) or OVER_MERGED, method.get(left, _FAST)))
    return tuple(sorted(cuts, key=lambda cut: cut.edge))
