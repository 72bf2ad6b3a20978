package io.modelassay.matrix;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.stream.Collectors;

/** What is kept of a throwable: bounded, and without the frames that every test has. */
final class ThrowableText {
    private static final int MOST = 1 << 16;
    private static final List<String> EVERYWHERE = List.of(
            "org.junit.",
            "java.base/java.lang.reflect.",
            "java.base/jdk.internal.reflect.",
            "io.modelassay.matrix.CellMain.");

    private ThrowableText() {}

    /** A failed assertion speaks for itself; other throwables need their class. */
    static String message(Throwable thrown) {
        String message = thrown.getMessage();
        return clip(thrown instanceof AssertionError && message != null ? message : thrown.toString());
    }

    static String trace(Throwable thrown) {
        StringWriter text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text));
        return clip(text.toString()
                .lines()
                .filter(line ->
                        EVERYWHERE.stream().noneMatch(line.strip().replaceFirst("^at ([^/]*//)?", "")::startsWith))
                .collect(Collectors.joining("\n")));
    }

    private static String clip(String text) {
        return text.length() <= MOST ? text : text.substring(0, MOST) + "… (" + text.length() + " characters)";
    }
}
