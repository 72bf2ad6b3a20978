package io.modelassay.matrix.result;

import io.modelassay.failure.Counted;
import io.modelassay.report.HtmlWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A message in parts, of which the page shows those that are short and worth it at once and folds the others. */
final class FoldedMessage {
    private static final int SHOWN_LINES = 12;
    private static final int HARDLY_MORE_LINES = 3;
    private static final Pattern CALL = Pattern.compile("(?:\t| {4,})at (\\S*+).*");
    private static final Predicate<String> OMITTED = Pattern.compile(
                    "\\s++\\.\\.\\. [0-9]++ (?:more|common frames omitted)")
            .asMatchPredicate();

    private FoldedMessage() {}

    /**
     * Part of a message.
     *
     * @param text whole lines
     * @param label what it is if it is folded; empty if it is not
     */
    record Part(String text, String label) {}

    /** Runs of stack frames are folded, and what follows the first lines. The texts, joined by line ends, are the message. */
    static List<Part> of(String message) {
        List<String> lines = message.strip().lines().toList();
        List<Part> parts = new ArrayList<>();
        int shown = 0;
        int at = 0;
        while (at < lines.size()) {
            int end = endOfRun(lines, at);
            List<String> run = lines.subList(at, end);
            if (isFrame(lines.get(at))) {
                parts.add(folded(run, "stack frame"));
            } else if (shown + run.size() <= SHOWN_LINES + HARDLY_MORE_LINES) {
                parts.add(new Part(String.join("\n", run), ""));
                shown += run.size();
            } else {
                int more = at + Math.max(0, SHOWN_LINES - shown);
                if (more > at) {
                    parts.add(new Part(String.join("\n", lines.subList(at, more)), ""));
                }
                parts.add(folded(lines.subList(more, lines.size()), "more line"));
                return parts;
            }
            at = end;
        }
        return parts;
    }

    /** The message as the page shows it. */
    static void write(HtmlWriter html, String message) {
        for (Part part : of(message)) {
            if (part.label().isEmpty()) {
                html.element("pre", part.text());
            } else {
                html.open("details", "folded")
                        .element("summary", part.label())
                        .element("pre", part.text())
                        .close();
            }
        }
    }

    private static int endOfRun(List<String> lines, int start) {
        boolean frame = isFrame(lines.get(start));
        int end = start + 1;
        while (end < lines.size() && isFrame(lines.get(end)) == frame) {
            end++;
        }
        return end;
    }

    /** {@code at package.Class.method(Class.java:12)}; taken apart by hand, since one pattern for it takes cubic time. */
    private static boolean isFrame(String line) {
        Matcher call = CALL.matcher(line);
        if (!call.matches()) {
            return OMITTED.test(line);
        }
        String place = call.group(1);
        int dot = place.indexOf('.');
        return dot >= 0 && place.indexOf('(', dot) >= 0 && line.stripTrailing().endsWith(")");
    }

    private static Part folded(List<String> lines, String noun) {
        return new Part(String.join("\n", lines), Counted.of(lines.size(), noun));
    }
}
