package io.modelassay.matrix.result;

import io.modelassay.matrix.result.TestChange.Kind;
import io.modelassay.matrix.result.TestResult.Outcome;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What tests of one suite do with two stacks, by id, so that their order does not matter. */
final class TestComparison {
    private static final Set<Outcome> NOT_REACHED = EnumSet.of(Outcome.UNFINISHED, Outcome.NOT_RUN);
    private static final Set<Outcome> LEFT_OUT = EnumSet.of(Outcome.SKIPPED, Outcome.ABORTED);

    private TestComparison() {}

    static List<TestChange> of(List<TestResult> baseline, List<TestResult> here) {
        Map<String, TestResult> before = byId(baseline);
        Map<String, TestResult> after = byId(here);
        TreeSet<String> ids = new TreeSet<>(before.keySet());
        ids.addAll(after.keySet());
        return ids.stream()
                .map(id -> change(before.get(id), after.get(id)))
                .flatMap(Optional::stream)
                .toList();
    }

    private static Map<String, TestResult> byId(List<TestResult> tests) {
        Map<String, TestResult> byId = new TreeMap<>();
        tests.forEach(test -> byId.put(test.id(), test));
        return byId;
    }

    private static Optional<TestChange> change(@Nullable TestResult before, @Nullable TestResult after) {
        Kind kind = kind(before, after);
        if (kind == null) {
            return Optional.empty();
        }
        TestResult named = Objects.requireNonNull(after == null ? before : after);
        return Optional.of(new TestChange(
                named.id(),
                named.name(),
                kind,
                before == null ? null : before.outcome(),
                after == null ? null : after.outcome(),
                before == null ? "" : before.message(),
                after == null ? "" : after.message(),
                isWorse(kind, before)));
    }

    private static @Nullable Kind kind(@Nullable TestResult before, @Nullable TestResult after) {
        if (after == null) {
            return Kind.ONLY_BEFORE;
        }
        if (before == null) {
            return after.outcome() == Outcome.FAILED
                    ? Kind.NEWLY_FAILING
                    : NOT_REACHED.contains(after.outcome()) ? Kind.NOT_REACHED : Kind.ONLY_HERE;
        }
        if (NOT_REACHED.contains(after.outcome())) {
            return NOT_REACHED.contains(before.outcome()) ? null : Kind.NOT_REACHED;
        }
        if (NOT_REACHED.contains(before.outcome())) {
            return Kind.NOT_REACHED_BEFORE;
        }
        if (after.outcome() == Outcome.FAILED) {
            if (before.outcome() != Outcome.FAILED) {
                return Kind.NEWLY_FAILING;
            }
            return FailureKind.of(before).isLike(FailureKind.of(after)) ? null : Kind.FAILING_OTHERWISE;
        }
        if (LEFT_OUT.contains(after.outcome())) {
            return LEFT_OUT.contains(before.outcome()) ? null : Kind.NO_LONGER_RUN;
        }
        return switch (before.outcome()) {
            case FAILED -> Kind.NEWLY_PASSING;
            case SKIPPED, ABORTED -> Kind.NOW_RUN;
            default -> null;
        };
    }

    private static boolean isWorse(Kind kind, @Nullable TestResult before) {
        return switch (kind) {
            case NEWLY_FAILING -> true;
            case NOT_REACHED -> before == null || before.outcome() != Outcome.FAILED;
            case ONLY_BEFORE -> before != null && before.outcome() == Outcome.PASSED;
            default -> false;
        };
    }
}
