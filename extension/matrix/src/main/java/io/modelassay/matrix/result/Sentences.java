package io.modelassay.matrix.result;

import io.modelassay.failure.Counted;
import io.modelassay.matrix.result.TensorChange.Place;
import io.modelassay.matrix.result.TestResult.Outcome;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Differences in words, the same in every document. */
final class Sentences {
    private static final int DIGITS = 4;
    private static final int MOST_DIGITS = 12;

    private Sentences() {}

    static String lost(@Nullable CellResult result) {
        if (result == null) {
            return "there is no result";
        }
        if (result.outcome() == CellOutcome.COMPLETED) {
            return "there is no baseline to compare with";
        }
        String how = switch (result.outcome()) {
            case CRASHED -> "the JVM ended before the suite did";
            case TIMED_OUT -> "the suite took longer than its limit";
            case OUT_OF_MEMORY -> "the memory did not suffice";
            case UNRESOLVABLE -> "a library could not be found";
            case GARBLED -> "what the JVM left is not readable";
            case NO_TESTS -> "no test was selected";
            default -> "the JVM could not be started";
        };
        return how
                + (result.running() == null ? "" : " while " + result.running() + " ran")
                + (result.detail().isEmpty() ? "" : ": " + result.detail());
    }

    static String test(TestChange change) {
        String now = switch (change.kind()) {
            case NEWLY_FAILING -> "fails";
            case NEWLY_PASSING, NOW_RUN -> "passes";
            case FAILING_OTHERWISE -> "fails in another way";
            case NO_LONGER_RUN -> "is " + word(change.after());
            case NOT_REACHED -> change.after() == Outcome.UNFINISHED ? "did not end" : "was not reached";
            case NOT_REACHED_BEFORE, ONLY_HERE -> word(change.after());
            case ONLY_BEFORE -> "is absent";
        };
        return change.name() + " " + now + before(change) + why(change);
    }

    /** {@code count} tests of which {@code first} is the first. */
    static String tests(long count, TestChange first) {
        String now = switch (first.kind()) {
            case NEWLY_FAILING -> "fail alike";
            case NEWLY_PASSING, NOW_RUN -> "pass";
            case FAILING_OTHERWISE -> "fail in another way, alike";
            case NO_LONGER_RUN -> "are " + word(first.after());
            case NOT_REACHED -> first.after() == Outcome.UNFINISHED ? "did not end" : "were not reached";
            case NOT_REACHED_BEFORE, ONLY_HERE -> word(first.after());
            case ONLY_BEFORE -> "are absent";
        };
        return Counted.of(count, "test") + " " + now + before(first) + why(first);
    }

    private static String before(TestChange change) {
        return switch (change.kind()) {
            case FAILING_OTHERWISE -> "";
            case NOT_REACHED_BEFORE -> ", not reached with the baseline";
            default -> ", " + word(change.before()) + " with the baseline";
        };
    }

    private static String why(TestChange change) {
        String line = FailureKind.firstLine(change.message());
        return line.isEmpty() ? "" : ": " + line;
    }

    static String word(@Nullable Outcome outcome) {
        return outcome == null
                ? "absent"
                : outcome.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    static String figure(FigureChange change) {
        String subject =
                change.figure() + " of " + change.model() + (change.text().isEmpty() ? "" : " on " + change.text());
        String note = change.note().isEmpty() ? "" : "; " + change.note();
        return switch (change.kind()) {
            case ONLY_HERE -> subject + " is not there with the baseline" + note;
            case ONLY_BEFORE -> subject + " is not there, only with the baseline" + note;
            case NOT_COMPARABLE -> subject + " is not comparable: " + change.note();
            default -> subject + " is " + values(change) + noise(change) + note;
        };
    }

    /** Both values with as many digits as tell them apart. */
    static String values(FigureChange change) {
        int digits = DIGITS;
        while (digits < MOST_DIGITS && number(change.before(), digits).equals(number(change.after(), digits))) {
            digits++;
        }
        String unit = change.unit().isEmpty() ? "" : " " + change.unit();
        return number(change.after(), digits) + unit + ", with the baseline " + number(change.before(), digits) + unit;
    }

    private static String noise(FigureChange change) {
        if (change.noise() == null) {
            return "";
        }
        return change.noise() == 0
                ? " (no rounding in it)"
                : " (noise " + number(change.noise(), 2) + (change.unit().isEmpty() ? "" : " " + change.unit()) + ")";
    }

    static String tensor(TensorChange change) {
        String subject = change.model() + " on " + change.text();
        Place beyond = change.beyondNoise();
        if (beyond != null) {
            return subject + " first differs by more than rounding in " + place(beyond)
                    + (beyond.relativeDifference() == null
                            ? ""
                            : " (rounding of " + change.dtype() + " " + number(beyond.noise(), 2) + ")");
        }
        Place first = change.first();
        return first == null
                ? "tensors of " + subject + " are not comparable: " + change.note()
                : subject + " first differs, "
                        + (Double.isFinite(first.noise()) ? "by rounding" : "which calibrated codes may") + ", in "
                        + place(first);
    }

    static String place(Place place) {
        return place.kind() + " " + place.name() + " " + place.shape() + ", "
                + (place.relativeDifference() == null
                        ? place.note()
                        : "relative difference " + number(place.relativeDifference(), 3));
    }

    static String number(@Nullable Double value) {
        return number(value, DIGITS);
    }

    /** Plain digits, or with an exponent below a ten-thousandth. */
    static String number(@Nullable Double value, int digits) {
        if (value == null || !Double.isFinite(value)) {
            return "not finite";
        }
        if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            return String.valueOf(value.longValue());
        }
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(digits));
        return Math.abs(value) < 1e-4
                ? String.format(Locale.ROOT, "%." + (digits - 1) + "e", value)
                : rounded.setScale(Math.max(0, rounded.scale()), RoundingMode.HALF_EVEN)
                        .toPlainString();
    }
}
