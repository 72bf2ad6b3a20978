package io.modelassay.matrix.result;

import io.modelassay.failure.Counted;
import io.modelassay.report.HtmlWriter;
import java.util.List;

/** The page's sections of what differs, each cause once. */
final class CauseSections {
    /** So many that the tests begin within the first screen. */
    private static final int FIRST_CAUSES = 5;

    private final HtmlWriter html;
    private final MatrixResult matrix;

    CauseSections(HtmlWriter html, MatrixResult matrix) {
        this.html = html;
        this.matrix = matrix;
    }

    /** What is worse. A cause alone is unfolded. */
    void worse() {
        List<Cause> causes = Cause.worse(matrix);
        if (causes.isEmpty()) {
            return;
        }
        int first = Math.min(FIRST_CAUSES, causes.size());
        List<Cause> lesser = causes.subList(first, causes.size());
        html.section("worse", "What is worse", () -> {
            causes.subList(0, first).forEach(cause -> worse(cause, causes.size() == 1));
            if (!lesser.isEmpty()) {
                html.open("details")
                        .element("summary", lesser.size() + " more")
                        .inside(() -> lesser.forEach(cause -> worse(cause, false)));
            }
        });
    }

    private void worse(Cause cause, boolean isOpen) {
        String message = cause.message();
        List<String> variants = cause.variants(matrix);
        List<String> tests = cause.tests(matrix);
        if (message.isBlank() && variants.isEmpty() && tests.isEmpty()) {
            html.open("p", "cause");
            line(cause);
            html.close();
            return;
        }
        html.open("details", "cause");
        if (isOpen) {
            html.attribute("open", "");
        }
        html.open("summary").open("span", "line");
        line(cause);
        html.close().close();
        FoldedMessage.write(html, message);
        reasons(variants);
        reasons(tests);
        html.close();
    }

    private void line(Cause cause) {
        html.badge("bad", cause.subject() == Difference.Subject.CELL ? "!" : "✗")
                .text(" ")
                .element("b", cause.where(matrix))
                .text(" " + (cause.message().isEmpty() ? cause.line() : Summary.shortened(cause.line())));
    }

    private void reasons(List<String> lines) {
        if (!lines.isEmpty()) {
            html.open("ul", "reasons").inside(() -> lines.forEach(line -> html.element("li", line)));
        }
    }

    /** What differs and is not worse. */
    void others() {
        List<Cause> causes = Cause.notWorse(matrix);
        if (causes.isEmpty()) {
            return;
        }
        html.section("other", "Other differences", () -> {
            html.element(
                    "p", "lead", "Better, new, gone, not comparable, or within rounding: reported, but no regression.");
            html.open("details")
                    .element("summary", Counted.of(causes.size(), "difference"))
                    .open("ul", "reasons")
                    .inside(() -> causes.forEach(this::other))
                    .close();
        });
    }

    private void other(Cause cause) {
        html.open("li").element("b", cause.where(matrix)).text(" " + cause.line());
        List<String> tests = cause.tests(matrix);
        if (!tests.isEmpty()) {
            html.open("ul").inside(() -> tests.forEach(test -> html.element("li", test)));
        }
        html.close();
    }
}
