package io.modelassay.matrix.result;

import java.util.List;
import java.util.regex.Pattern;

/**
 * What tells one failure of a test from another: the throwable's class, and the message's first line without figures, which
 * differ by rounding and from run to run. Digits inside a name, as in {@code model.layers.3.mlp}, are no figures.
 *
 * @param throwable class name; empty if there is no trace
 * @param line the message's first line that is not blank; with the next one if it only introduces it by a colon
 */
record FailureKind(String throwable, String line) {
    private static final Pattern IDENTITY = Pattern.compile("@[0-9a-f]{4,}\\b");
    private static final Pattern HASH = Pattern.compile("\\b(?=[a-f]*[0-9])[0-9a-f]{8,}\\b");
    private static final Pattern FIGURE = Pattern.compile("(?<![\\w.])[-+]?[0-9][0-9.,]*(?:[eE][-+]?[0-9]+)?");
    private static final Pattern END_OF_CLASS = Pattern.compile("[:\\s]");

    static FailureKind of(TestResult test) {
        return new FailureKind(
                END_OF_CLASS.split(test.trace().strip(), 2)[0], withoutFigures(firstLine(test.message())));
    }

    static String firstLine(String message) {
        List<String> lines = message.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .limit(2)
                .toList();
        if (lines.isEmpty()) {
            return "";
        }
        return lines.size() == 2 && lines.get(0).endsWith(":") ? lines.get(0) + " " + lines.get(1) : lines.get(0);
    }

    private static String withoutFigures(String line) {
        String named = IDENTITY.matcher(line).replaceAll("@#");
        return FIGURE.matcher(HASH.matcher(named).replaceAll("#")).replaceAll("#");
    }
}
