package io.modelassay.checkpoint;

import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * A regular expression that a file of an artifact holds. Python wrote it, and it is not trusted to end in time: Java's
 * matcher, like Python's, may take exponential time and any depth of stack. So the characters that it looks at are counted,
 * which ends it at the same place on every machine.
 */
@API(status = API.Status.INTERNAL)
public final class PythonPattern {
    private static final int FLAGS = Pattern.UNIX_LINES | Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNICODE_CASE;

    private final String source;
    private final String key;
    private final PythonPatterns patterns;
    private final Pattern pattern;
    private final String literal;

    PythonPattern(String source, String key, PythonPatterns patterns, PythonSyntax.Translation translation) {
        this.source = source;
        this.key = key;
        this.patterns = patterns;
        this.pattern = Pattern.compile(translation.regex(), FLAGS);
        this.literal = translation.literal();
    }

    /** As Python wrote it. */
    public String source() {
        return source;
    }

    /** The key of the file that holds it. */
    String key() {
        return key;
    }

    /** As {@code re.fullmatch}. */
    public boolean fullMatch(String name) {
        return name.contains(literal) && run(name, Matcher::matches);
    }

    /** As {@code re.match}, which is bound to the start of the name and not to its end. */
    public boolean match(String name) {
        return name.contains(literal) && run(name, Matcher::lookingAt);
    }

    /** As {@code re.search}, anywhere in the name. */
    public boolean find(String name) {
        return name.contains(literal) && run(name, Matcher::find);
    }

    /** The last group of a match of the whole name. */
    public Optional<String> lastGroup(String name) {
        String[] found = new String[1];
        run(name, matcher -> {
            if (matcher.matches()) {
                found[0] = matcher.group(matcher.groupCount());
            }
            return true;
        });
        return Optional.ofNullable(found[0]);
    }

    private boolean run(String name, Predicate<Matcher> how) {
        try {
            return how.test(pattern.matcher(new Counted(name)));
        } catch (StackOverflowError e) {
            throw patterns.tooCostly(this, name);
        }
    }

    /** Counts how often the matcher looks at a character, since backtracking has no bound of its own. */
    private final class Counted implements CharSequence {
        private final String text;
        private int steps;

        Counted(String text) {
            this.text = text;
        }

        @Override
        public char charAt(int index) {
            steps++;
            if (!patterns.allows(steps)) {
                throw patterns.tooCostly(PythonPattern.this, text);
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
