package io.modelassay.adapter;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** A regular expression of an adapter's config, which Python wrote and which is not trusted to end in time. */
final class PythonPattern {
    private static final int MOST_STEPS = 1_000_000;

    private final String source;
    private final Path file;
    private final Pattern pattern;

    private PythonPattern(String source, Path file, Pattern pattern) {
        this.source = source;
        this.file = file;
        this.pattern = pattern;
    }

    static PythonPattern of(String regex, String key, Path file) {
        // Java knows neither Python's spelling of named groups nor underscores in their names.
        String java = regex.replaceAll("\\(\\?P<\\w+>", "(").replace("\\Z", "\\z");
        try {
            return new PythonPattern(regex, file, Pattern.compile(java));
        } catch (PatternSyntaxException e) {
            throw new AdapterException(
                    AdapterProblem.INVALID_PATTERN,
                    key + " holds \"" + regex + "\", which is no regular expression: " + e.getDescription(),
                    file,
                    "correct the pattern; PEFT matches it against whole module names with re.fullmatch");
        }
    }

    /** As Python wrote it. */
    String source() {
        return source;
    }

    /** As {@code re.fullmatch}. */
    boolean fullMatch(String name) {
        try {
            return pattern.matcher(new Counted(name, this)).matches();
        } catch (StackOverflowError e) {
            throw tooCostly();
        }
    }

    /** The last group of a match of the whole name. */
    Optional<String> lastGroup(String name) {
        try {
            Matcher matcher = pattern.matcher(new Counted(name, this));
            return matcher.matches() ? Optional.ofNullable(matcher.group(matcher.groupCount())) : Optional.empty();
        } catch (StackOverflowError e) {
            throw tooCostly();
        }
    }

    private AdapterException tooCostly() {
        return new AdapterException(
                AdapterProblem.INVALID_PATTERN,
                "The pattern \"" + source + "\" takes more than " + MOST_STEPS + " steps on one module name",
                file,
                "a pattern without nested repetition");
    }

    /** Counts how often the matcher looks at a character, since backtracking has no bound of its own. */
    private static final class Counted implements CharSequence {
        private final String text;
        private final PythonPattern owner;
        private int steps;

        Counted(String text, PythonPattern owner) {
            this.text = text;
            this.owner = owner;
        }

        @Override
        public char charAt(int index) {
            if (++steps > MOST_STEPS) {
                throw owner.tooCostly();
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.substring(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
