package io.modelassay.assertions;

import io.modelassay.failure.Printable;
import io.modelassay.failure.Problem;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;

/** Lays out a failure: what was expected, what was found, the evidence, where it comes from, and one next step. */
final class Failure {
    /** Items of evidence that a message shows before it counts the rest. */
    static final int SHOWN = 5;

    private final StringJoiner lines = new StringJoiner("\n");

    private Failure(String expectation) {
        add(expectation);
    }

    /** Names of tensors and messages of libraries have a part in it. */
    private void add(String line) {
        lines.add(Printable.line(line));
    }

    static Failure expecting(String kind, String name, String expectation) {
        return new Failure("Expecting " + kind + " <" + name + "> " + expectation);
    }

    Failure but(String found) {
        add("but " + found);
        return this;
    }

    Failure line(String text) {
        add(text);
        return this;
    }

    /** Indented items, the first few of them. */
    Failure items(List<String> items) {
        return entries(items.stream().map(List::of).toList());
    }

    /** The same for items of several lines each. */
    Failure entries(List<List<String>> items) {
        items.stream().limit(SHOWN).flatMap(List::stream).forEach(line -> add("  " + line));
        if (items.size() > SHOWN) {
            lines.add("  and " + (items.size() - SHOWN) + " more");
        }
        return this;
    }

    Failure from(String provenance) {
        add("  " + provenance);
        return this;
    }

    String then(String nextStep) {
        add(Problem.TRY + nextStep);
        return lines.toString();
    }

    /** {@code holds} of one thing, {@code hold} of several. */
    static String verb(long count, String singular, String plural) {
        return count == 1 ? singular : plural;
    }

    /** A number with as many decimals as {@code pattern} says, in the root locale. */
    static String number(String pattern, double value) {
        return String.format(Locale.ROOT, pattern, value);
    }
}
