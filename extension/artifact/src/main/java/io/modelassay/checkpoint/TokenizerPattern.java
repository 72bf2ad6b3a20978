package io.modelassay.checkpoint;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A regular expression of a tokenizer, which Oniguruma runs. Oniguruma ends the process where a match takes too many steps or
 * a pattern is nested too deeply, so only those pass that cannot: a repeated group has one length and no alternatives, and
 * behind at most one repetition stands something that may fail. All patterns of known tokenizers are of this kind.
 */
final class TokenizerPattern {
    private static final int LONGEST = 10_000;
    private static final int DEEPEST = 100;
    private static final int MOST = 1 << 20;

    private final String text;
    private int at;
    private @Nullable String danger;

    /**
     * What is known of a part.
     *
     * @param least shortest match
     * @param most longest match; {@link #MOST} for any length
     * @param fails whether what stands before it may have to give back characters for it
     * @param costly repetitions behind which something may fail
     */
    private record Part(int least, int most, boolean fails, boolean alternatives, int costly) {
        boolean isUnbounded() {
            return most >= MOST;
        }
    }

    private TokenizerPattern(String text) {
        this.text = text;
    }

    /**
     * What is known of a pattern.
     *
     * @param least characters of its shortest match
     * @param danger why it is not safe to run; null if it is
     */
    record Verdict(int least, @Nullable String danger) {}

    static Verdict of(String text) {
        if (text.length() > LONGEST) {
            return new Verdict(0, "has more than " + LONGEST + " characters");
        }
        TokenizerPattern pattern = new TokenizerPattern(text);
        Part whole = pattern.alternatives(0);
        if (pattern.at < text.length()) {
            pattern.dangerous("has a closing parenthesis too many");
        }
        if (whole.costly() > 1) {
            pattern.dangerous("has repetitions behind each other that may try each other's lengths");
        }
        return new Verdict(whole.least(), pattern.danger);
    }

    private void dangerous(String why) {
        danger = danger == null ? why : danger;
    }

    private boolean sees(String token) {
        return text.startsWith(token, at);
    }

    private Part alternatives(int depth) {
        if (depth > DEEPEST) {
            dangerous("is nested more than " + DEEPEST + " levels deep");
            at = text.length();
        }
        Part whole = sequence(depth);
        while (sees("|")) {
            at++;
            Part other = sequence(depth);
            whole = new Part(
                    Math.min(whole.least, other.least),
                    Math.max(whole.most, other.most),
                    whole.fails || other.fails,
                    true,
                    Math.max(whole.costly, other.costly));
        }
        return whole;
    }

    private Part sequence(int depth) {
        List<Part> parts = new ArrayList<>();
        while (at < text.length() && !sees("|") && !sees(")")) {
            parts.add(repeated(atom(depth)));
        }
        int least = 0;
        int most = 0;
        int costly = 0;
        boolean fails = false;
        boolean alternatives = false;
        for (int i = parts.size() - 1; i >= 0; i--) {
            Part part = parts.get(i);
            costly += part.costly + (part.isUnbounded() && fails ? 1 : 0);
            least = Math.min(MOST, least + part.least);
            most = Math.min(MOST, most + part.most);
            fails |= part.fails;
            alternatives |= part.alternatives;
        }
        return new Part(least, most, fails, alternatives, costly);
    }

    private Part repeated(Part part) {
        int from = 1;
        int to = 1;
        if (sees("*") || sees("+") || sees("?")) {
            from = sees("+") ? 1 : 0;
            to = sees("?") ? 1 : MOST;
            at++;
        } else if (sees("{")) {
            int end = text.indexOf('}', at);
            String[] bounds =
                    end < 0 ? new String[0] : text.substring(at + 1, end).split(",", -1);
            if (bounds.length == 0
                    || bounds.length > 2
                    || !isNumber(bounds[0])
                    || !isNumber(bounds[bounds.length - 1])) {
                return part;
            }
            from = bounds[0].isEmpty() ? 0 : Integer.parseInt(bounds[0]);
            String last = bounds[bounds.length - 1];
            to = last.isEmpty() ? MOST : Integer.parseInt(last);
            at = end + 1;
        } else {
            return part;
        }
        if (sees("?") || sees("+")) {
            at++;
        }
        if (sees("*") || sees("{")) {
            dangerous("repeats a repetition");
        }
        if (to > 1 && (part.alternatives || part.least != part.most)) {
            dangerous("repeats a group that may match in several ways");
        }
        long least = (long) part.least * from;
        long most = (long) part.most * to;
        return new Part(
                (int) Math.min(MOST, least),
                (int) Math.min(MOST, most),
                part.fails && from > 0,
                part.alternatives,
                part.costly);
    }

    private static boolean isNumber(String text) {
        return text.length() < 7 && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    private Part atom(int depth) {
        if (sees("(")) {
            return group(depth);
        }
        if (sees("[")) {
            characterClass();
            return one();
        }
        if (sees("\\")) {
            return escape();
        }
        boolean anchor = sees("^") || sees("$");
        at += Character.charCount(text.codePointAt(at));
        return anchor ? condition(0) : one();
    }

    private static Part one() {
        return new Part(1, 1, true, false, 0);
    }

    /** Something that matches no character. */
    private static Part condition(int costly) {
        return new Part(0, 0, true, false, costly);
    }

    private Part escape() {
        at++;
        if (at == text.length()) {
            return one();
        }
        char c = text.charAt(at);
        at += Character.charCount(text.codePointAt(at));
        switch (c) {
            case 'p', 'P', 'x' -> braces();
            case 'b', 'B', 'A', 'Z', 'z', 'G', 'y', 'Y' -> {
                return condition(0);
            }
            case 'k', 'g', 'K', 'X', 'R', '1', '2', '3', '4', '5', '6', '7', '8', '9' ->
                dangerous("refers back or calls itself with \\" + c);
            default -> {
                return one();
            }
        }
        return one();
    }

    private void braces() {
        if (sees("{")) {
            int end = text.indexOf('}', at);
            at = end < 0 ? text.length() : end + 1;
        }
    }

    /** Oniguruma's classes nest. */
    private void characterClass() {
        int open = 0;
        boolean first = false;
        while (at < text.length()) {
            char c = text.charAt(at);
            at++;
            if (c == '\\') {
                at++;
            } else if (c == '[') {
                open++;
                first = true;
                at += sees("^") ? 1 : 0;
                continue;
            } else if (c == ']' && !first) {
                open--;
                if (open == 0) {
                    return;
                }
            }
            first = false;
        }
    }

    private Part group(int depth) {
        at++;
        boolean around = sees("?=") || sees("?!") || sees("?<=") || sees("?<!");
        if (sees("?#")) {
            int end = text.indexOf(')', at);
            at = end < 0 ? text.length() : end + 1;
            return new Part(0, 0, false, false, 0);
        }
        if (around) {
            at += sees("?<") ? 3 : 2;
        } else if (sees("?")) {
            at++;
            if (!special()) {
                return new Part(0, 0, false, false, 0);
            }
        }
        Part inner = alternatives(depth + 1);
        if (sees(")")) {
            at++;
        }
        return around ? condition(inner.costly + (inner.isUnbounded() && inner.costly == 0 ? 1 : 0)) : inner;
    }

    /** The head of a group such as {@code ?:}, {@code ?i:} and {@code ?<name>}; false if it was options alone. */
    private boolean special() {
        if (sees("~") || sees("(")) {
            dangerous("has a group of a kind that tokenizers do not use");
            return true;
        }
        if (sees("<") || sees("'")) {
            int end = Math.max(text.indexOf('>', at), text.indexOf('\'', at + 1));
            at = end < 0 ? text.length() : end + 1;
            return true;
        }
        while (at < text.length() && !sees(":") && !sees(")") && !sees(">")) {
            at++;
        }
        boolean options = sees(")");
        at = Math.min(text.length(), at + 1);
        return !options;
    }
}
