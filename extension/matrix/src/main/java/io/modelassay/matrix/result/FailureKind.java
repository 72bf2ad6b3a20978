package io.modelassay.matrix.result;

import java.util.List;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What tells one failure of a test from another: the throwable's class as the record has it, and, since what tests of others throw
 * has nothing else to tell it by, the message's first line without figures, versions
 * and folders, which differ by rounding, from run to run and from stack to stack. Digits inside a name, as in
 * {@code model.layers.3.mlp}, are no figures.
 *
 * @param throwable class name; empty where the record has none
 * @param line the message's first line that is not blank; with the next one if it only introduces it by a colon,
 *     or with the error that a traceback of TorchScript ends in
 */
record FailureKind(String throwable, String line) {
    private static final Pattern IDENTITY = Pattern.compile("@[0-9a-f]{4,}\\b");
    private static final Pattern HASH = Pattern.compile("\\b(?=[a-f]*[0-9])[0-9a-f]{8,}\\b");
    private static final Pattern VERSION = Pattern.compile("(?<![\\w.])v?[0-9]+\\.[0-9]+\\.[0-9]+(?:[-+.][\\w+-]+)*+");
    private static final Pattern FIGURE = Pattern.compile("(?<![\\w.])[-+]?[0-9][0-9.,]*(?:[eE][-+]?[0-9]+)?");

    /** A path, its last name a group. Of URLs nothing is one. Possessive, since Java recurses for repeated groups that are not. */
    private static final Pattern PATH = Pattern.compile(
            "(?<![\\w/\\\\.@+~-])(?:file:(?://)?)?(?:[A-Za-z]:)?(?!//)(?:[\\w.@+~-]*+[/\\\\]){2,}+([\\w.@+~-]*)");

    private static final Pattern FILE_NAME = Pattern.compile("[\\w.@+~-]+\\.[A-Za-z]\\w*");
    private static final Pattern QUOTED =
            Pattern.compile("(?<![\\w:]|: )(?:\"[^\"]*\"|'[^']*'|`[^`]*`|<[^<>]*+(?:<[^<>]*+>[^<>]*+)*+>)(?!\\w)");
    private static final Pattern TRACEBACK = Pattern.compile("Traceback .*\\(most recent call last\\):");
    private static final Pattern ERROR = Pattern.compile("\\w*(?:Error|Exception): ");
    private static final Pattern WORD = Pattern.compile("\\b[A-Za-z]{2,}\\b");
    private static final int FEWEST_WORDS = 3;

    static FailureKind of(TestResult test) {
        return new FailureKind(
                Objects.requireNonNullElse(test.throwable(), ""), withoutFigures(firstLine(test.message())));
    }

    /** Whether the two are one failure. Results of earlier versions do not tell the class. */
    boolean isLike(FailureKind other) {
        boolean unknown = throwable.isEmpty() || other.throwable.isEmpty();
        return line.equals(other.line) && (unknown || throwable.equals(other.throwable));
    }

    /**
     * The failure whatever it quotes, which is most often its subject. What a colon introduces is no subject but what was
     * found, and stays; so does all if there are hardly words besides.
     */
    FailureKind withoutQuotes() {
        String rest = QUOTED.matcher(line).replaceAll("#");
        String words = rest.startsWith(throwable) ? rest.substring(throwable.length()) : rest;
        return WORD.matcher(words).results().count() < FEWEST_WORDS ? this : new FailureKind(throwable, rest);
    }

    static String firstLine(String message) {
        List<String> lines = message.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
        if (lines.isEmpty()) {
            return "";
        }
        String first = lines.get(0);
        if (lines.size() == 1) {
            return first;
        }
        if (TRACEBACK.matcher(lines.get(1)).lookingAt()) {
            return lines.stream()
                    .filter(line -> ERROR.matcher(line).lookingAt())
                    .reduce((one, next) -> next)
                    .map(error -> first + " " + error)
                    .orElse(first);
        }
        return first.endsWith(":") ? first + " " + lines.get(1) : first;
    }

    static String withoutFigures(String line) {
        String text = PATH.matcher(line).replaceAll(FailureKind::withoutFolder);
        text = IDENTITY.matcher(text).replaceAll("@#");
        text = HASH.matcher(text).replaceAll("#");
        text = VERSION.matcher(text).replaceAll("#");
        return FIGURE.matcher(text).replaceAll("#");
    }

    /** A relative path needs a file at its end: {@code ai/djl/NDManager} is the name of a class. */
    private static String withoutFolder(MatchResult path) {
        String name = path.group(1);
        boolean file = FILE_NAME.matcher(name).matches();
        boolean absolute = path.group().matches("(?s)(?:file:.*|[A-Za-z]:.*|[/\\\\].*)");
        String shown = file ? "#/" + name : absolute ? "#" : path.group();
        return Matcher.quoteReplacement(shown);
    }
}
