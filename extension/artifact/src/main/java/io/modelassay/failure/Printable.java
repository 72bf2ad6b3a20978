package io.modelassay.failure;

import org.apiguardian.api.API;

/**
 * Text that an artifact may have a part in, made fit to be printed. Names and messages out of files may hold escape
 * sequences of a terminal, characters that turn the direction of writing, and line ends behind which a CI server reads
 * commands. Such characters are printed as {@code \}{@code u001b} is; all others stay as they are.
 */
@API(status = API.Status.INTERNAL)
public final class Printable {
    private static final int LONGEST_QUOTE = 160;
    private static final char REPLACEMENT = '\uFFFD';

    private Printable() {}

    /** {@code text} as one line. */
    public static String line(String text) {
        return isPlain(text) ? text : escaped(text, false);
    }

    /** {@code text} with its line ends, whose lines are otherwise as {@link #line} makes them. */
    public static String lines(String text) {
        return isPlain(text) ? text : escaped(text, true);
    }

    /** {@code text} as one line in quotes, cut where a hostile file would flood the log. */
    public static String quote(String text) {
        if (text.length() <= LONGEST_QUOTE) {
            return '"' + line(text) + '"';
        }
        int end = Character.isHighSurrogate(text.charAt(LONGEST_QUOTE - 1)) ? LONGEST_QUOTE - 1 : LONGEST_QUOTE;
        return '"' + line(text.substring(0, end)) + "…\" (" + text.length() + " characters)";
    }

    /** A written JSON document whose strings hold no character that does not print; it reads the same. */
    public static String json(String document) {
        if (isPlainJson(document)) {
            return document;
        }
        StringBuilder out = new StringBuilder(document.length() + 64);
        int at = 0;
        while (at < document.length()) {
            int c = document.codePointAt(at);
            if (Character.getType(c) == Character.SURROGATE) {
                // Half a character: many readers refuse its escaped form, too.
                out.append(REPLACEMENT);
            } else if ((c != '\n' && isUnprintable(c)) || isCommandMark(document, at)) {
                escape(c, out);
            } else {
                out.appendCodePoint(c);
            }
            at += Character.charCount(c);
        }
        return out.toString();
    }

    private static String escaped(String text, boolean keepsLineEnds) {
        StringBuilder out = new StringBuilder(text.length() + 64);
        boolean atStart = true;
        int at = 0;
        while (at < text.length()) {
            int c = text.codePointAt(at);
            if (keepsLineEnds && c == '\n') {
                out.append('\n');
                atStart = true;
            } else if (keepsLineEnds && c == '\t') {
                out.append('\t');
            } else {
                boolean command = (atStart && text.startsWith("::", at)) || isCommandMark(text, at);
                if (command || isUnprintable(c)) {
                    escape(c, out);
                } else {
                    out.appendCodePoint(c);
                }
                atStart = atStart && (Character.isWhitespace(c) || Character.isSpaceChar(c));
            }
            at += Character.charCount(c);
        }
        return out.toString();
    }

    /** Whether nothing needs a closer look: most names, at once. */
    private static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > '~' || c == '#' || c == ':') {
                return false;
            }
        }
        return true;
    }

    /** The same of a document, in which a colon stands after each member's name and commands begin with two marks. */
    private static boolean isPlainJson(String document) {
        for (int i = 0; i < document.length(); i++) {
            char c = document.charAt(i);
            if ((c < ' ' && c != '\n') || c > '~' || (c == '#' && document.startsWith("##", i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isUnprintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        };
    }

    /** {@code ##[}, {@code ##vso[} and the like, which Azure Pipelines, GitHub and TeamCity obey anywhere in a line. */
    private static boolean isCommandMark(String text, int at) {
        if (!text.startsWith("##", at)) {
            return false;
        }
        int end = at + 2;
        while (end < text.length() && Character.isLetter(text.charAt(end))) {
            end++;
        }
        return end < text.length() && text.charAt(end) == '[';
    }

    private static void escape(int c, StringBuilder out) {
        for (char unit : Character.toChars(c)) {
            String hex = Integer.toHexString(unit);
            out.append("\\u").append("0".repeat(4 - hex.length())).append(hex);
        }
    }
}
