package io.modelassay.checkpoint;

import io.modelassay.failure.Printable;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Rewrites a regular expression of Python's {@code re} so that Java reads the same from it, and finds text that each match
 * holds. What Java has no form for is refused, as is what Python would refuse and Java would take for something else.
 */
final class PythonSyntax {
    private static final Pattern REPETITION = Pattern.compile("\\{(\\d*)(?:(,)(\\d*))?}");
    private static final Pattern NAMED_GROUP = Pattern.compile("\\(\\?P<([^\\d\\W]\\w*)>");
    private static final Pattern NAMED_REFERENCE = Pattern.compile("\\(\\?P=(\\w+)\\)");
    private static final Pattern OCTAL = Pattern.compile("\\\\(0[0-7]{0,2}|[1-3][0-7]{2})");
    private static final Pattern REFERENCE = Pattern.compile("\\\\[1-9][0-9]?");
    private static final Pattern FLAGS = Pattern.compile("\\(\\?([aiLmsux]*)(?:-([imsx]+))?([:)])");

    /** Escapes of a letter that mean the same in both; {@code \Q}, {@code \p} and others are Java's alone. */
    private static final String ESCAPES = "AbBdDsSwWafnrtxu";

    private final String python;
    private final StringBuilder java = new StringBuilder();
    private final Map<String, Integer> names = new HashMap<>();
    private final Deque<Group> open = new ArrayDeque<>();
    private final StringBuilder run = new StringBuilder();
    private boolean literals = true;
    private int groups;
    private int at;

    /** A group that is not closed yet: the longest text that what is in it must hold. */
    private static final class Group {
        private final boolean isPartOfTheMatch;
        private String longest = "";
        private boolean hasAlternatives;

        Group(boolean isPartOfTheMatch) {
            this.isPartOfTheMatch = isPartOfTheMatch;
        }

        void offer(String text) {
            longest = text.length() > longest.length() ? text : longest;
        }

        String required() {
            return hasAlternatives || !isPartOfTheMatch ? "" : longest;
        }
    }

    private PythonSyntax(String python) {
        this.python = python;
    }

    /**
     * A pattern for Java.
     *
     * @param regex in Java's syntax
     * @param literal what every match holds; empty where there is no such text
     */
    record Translation(String regex, String literal) {}

    /** @throws PatternSyntaxException if there is no translation */
    static Translation translate(String python) {
        return new PythonSyntax(python).translated();
    }

    private Translation translated() {
        Group whole = new Group(true);
        open.push(whole);
        while (at < python.length()) {
            step();
        }
        endRun();
        return new Translation(java.toString(), literals && open.size() == 1 ? whole.required() : "");
    }

    private void step() {
        switch (python.charAt(at)) {
            case '\\' -> escape();
            case '[' -> characterClass();
            case '(' -> openGroup();
            case ')' -> closeGroup();
            case '|' -> {
                endRun();
                top().hasAlternatives = true;
                copy(1);
            }
            case '*', '?' -> optional(1);
            case '{' -> repetition();
            case '+', '.', '^', '$' -> {
                endRun();
                copy(1);
            }
            default -> literal(python.codePointAt(at), Character.charCount(python.codePointAt(at)));
        }
    }

    private Group top() {
        Group top = open.peek();
        if (top == null) {
            throw refused("unmatched closing parenthesis");
        }
        return top;
    }

    private void copy(int length) {
        java.append(python, at, at + length);
        at += length;
    }

    private void literal(int character, int length) {
        run.appendCodePoint(character);
        copy(length);
    }

    private void endRun() {
        top().offer(run.toString());
        run.setLength(0);
    }

    /** What comes before may be absent. */
    private void optional(int length) {
        if (run.length() > 0) {
            run.setLength(run.offsetByCodePoints(run.length(), -1));
        }
        endRun();
        copy(length);
    }

    private void repetition() {
        Matcher repetition = REPETITION.matcher(python).region(at, python.length());
        boolean isOne = repetition.lookingAt() && !(repetition.group(1).isEmpty() && repetition.group(2) == null);
        if (!isOne) {
            java.append('\\');
            literal('{', 1);
        } else if (repetition.group(1).isEmpty()) {
            // {,4} and {,}
            java.append("{0,").append(repetition.group(3)).append('}');
            int length = repetition.end() - at;
            int before = java.length();
            optional(length);
            java.setLength(before);
        } else {
            optional(repetition.end() - at);
        }
    }

    private void escape() {
        if (at + 1 == python.length()) {
            throw refused("bad escape (end of pattern)");
        }
        int escaped = python.codePointAt(at + 1);
        boolean letter = (escaped >= 'a' && escaped <= 'z') || (escaped >= 'A' && escaped <= 'Z');
        if (escaped == 'Z' || escaped == 'v') {
            endRun();
            java.append(escaped == 'Z' ? "\\z" : "\\x0B");
            at += 2;
        } else if (letter && ESCAPES.indexOf(escaped) < 0) {
            throw refused("bad escape \\" + (char) escaped);
        } else if (letter) {
            endRun();
            copy(lengthOfCode(escaped));
        } else if (escaped >= '0' && escaped <= '9') {
            endRun();
            number();
        } else {
            run.appendCodePoint(escaped);
            copy(1 + Character.charCount(escaped));
        }
    }

    /** With the digits of a code, which are no text of their own. */
    private int lengthOfCode(int escaped) {
        int length = 2 + (escaped == 'x' ? 2 : escaped == 'u' ? 4 : 0);
        if (at + length > python.length()) {
            throw refused("incomplete escape");
        }
        return length;
    }

    /** An octal code if it starts with a zero or has three digits, or else a group to be found again. */
    private void number() {
        Matcher octal = OCTAL.matcher(python).region(at, python.length());
        if (octal.lookingAt()) {
            java.append("\\x{")
                    .append(Integer.toHexString(Integer.parseInt(octal.group(1), 8)))
                    .append('}');
            at = octal.end();
        } else {
            Matcher reference = REFERENCE.matcher(python).region(at, python.length());
            java.append("(?:")
                    .append(reference.lookingAt() ? reference.group() : "")
                    .append(')');
            at = reference.end();
        }
    }

    /** In Java's classes {@code [} and {@code &&} have a meaning. */
    private void characterClass() {
        endRun();
        int start = at;
        copy(1);
        if (at < python.length() && python.charAt(at) == '^') {
            copy(1);
        }
        boolean first = true;
        while (at < python.length() && (first || python.charAt(at) != ']')) {
            char c = python.charAt(at);
            if (c == '\\' && python.startsWith("\\b", at)) {
                java.append("\\x08");
                at += 2;
            } else if (c == '\\') {
                escape();
            } else if (c == '[' || c == '&' || c == ']') {
                java.append('\\');
                copy(1);
            } else {
                copy(1);
            }
            first = false;
        }
        run.setLength(0);
        if (at == python.length()) {
            at = start;
            throw refused("Unclosed character class");
        }
        copy(1);
    }

    private void openGroup() {
        endRun();
        if (python.startsWith("(?#", at)) {
            int end = python.indexOf(')', at);
            if (end < 0) {
                throw refused("Unclosed comment");
            }
            at = end + 1;
            return;
        }
        if (!python.startsWith("(?", at)) {
            groups++;
            open.push(new Group(true));
            copy(1);
            return;
        }
        special();
    }

    private void special() {
        Matcher named = NAMED_GROUP.matcher(python).region(at, python.length());
        Matcher reference = NAMED_REFERENCE.matcher(python).region(at, python.length());
        Matcher flags = FLAGS.matcher(python).region(at, python.length());
        if (named.lookingAt()) {
            names.put(named.group(1), ++groups);
            open.push(new Group(true));
            java.append('(');
            at = named.end();
        } else if (reference.lookingAt()) {
            Integer number = names.get(reference.group(1));
            if (number == null) {
                throw refused("unknown group name " + Printable.quote(reference.group(1)));
            }
            java.append("(?:\\").append(number).append(')');
            at = reference.end();
        } else if (flags.lookingAt()) {
            flags(flags);
        } else if (python.startsWith("(?>", at)) {
            open.push(new Group(true));
            copy(3);
        } else if (python.startsWith("(?=", at) || python.startsWith("(?!", at)) {
            open.push(new Group(false));
            copy(3);
        } else if (python.startsWith("(?<=", at) || python.startsWith("(?<!", at)) {
            open.push(new Group(false));
            copy(4);
        } else {
            throw refused("a group that Java has no form for");
        }
    }

    /** {@code a}, {@code L} and {@code u} tell of alphabets, in which names of modules do not differ. */
    private void flags(Matcher flags) {
        String on = flags.group(1).replaceAll("[aLu]", "");
        String off = flags.group(2) == null ? "" : "-" + flags.group(2);
        if (on.contains("i") || on.contains("x")) {
            literals = false;
        }
        boolean isGroup = flags.group(3).equals(":");
        if (isGroup) {
            open.push(new Group(true));
        }
        if (isGroup || !on.isEmpty() || !off.isEmpty()) {
            java.append("(?").append(on).append(off).append(flags.group(3));
        }
        at = flags.end();
    }

    private void closeGroup() {
        endRun();
        Group closed = open.pop();
        copy(1);
        boolean mayBeAbsent = at < python.length()
                && (python.charAt(at) == '*' || python.charAt(at) == '?' || python.charAt(at) == '{');
        if (!mayBeAbsent) {
            top().offer(closed.required());
        } else {
            top();
        }
    }

    private PatternSyntaxException refused(String why) {
        return new PatternSyntaxException(why, python, at);
    }
}
