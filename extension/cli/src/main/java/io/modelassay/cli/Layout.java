package io.modelassay.cli;

import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.failure.Counted;
import io.modelassay.failure.Printable;
import io.modelassay.failure.Problem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/**
 * Plain text for a person: facts with a label, tables with aligned columns, findings with their next step. Of what it is
 * given, each part is one line and holds no character that does not print.
 */
final class Layout {
    private static final int LABEL_WIDTH = 17;
    private static final int SHOWN_OF_A_KIND = 5;

    private final StringBuilder text = new StringBuilder();

    Layout title(String title) {
        if (text.length() > 0) {
            text.append('\n');
        }
        text.append(Printable.line(title)).append('\n');
        return this;
    }

    Layout fact(String label, String value) {
        text.append("  ").append(label).append(" ".repeat(Math.max(1, LABEL_WIDTH - label.length())));
        text.append(Printable.line(value)).append('\n');
        return this;
    }

    Layout line(String line) {
        text.append("  ").append(Printable.line(line)).append('\n');
        return this;
    }

    /** A table under its headings; columns whose heading starts with {@code >} are aligned to the right. */
    Layout table(List<String> headings, List<List<String>> rows) {
        int columns = headings.size();
        int[] widths = new int[columns];
        boolean[] right = new boolean[columns];
        List<String> heads = new ArrayList<>();
        for (int i = 0; i < columns; i++) {
            right[i] = headings.get(i).startsWith(">");
            heads.add(right[i] ? headings.get(i).substring(1) : headings.get(i));
        }
        List<List<String>> all = new ArrayList<>(List.of(heads));
        rows.forEach(row -> all.add(row.stream().map(Printable::line).toList()));
        for (List<String> row : all) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (List<String> row : all) {
            StringBuilder line = new StringBuilder(" ");
            for (int i = 0; i < columns; i++) {
                String padding = " ".repeat(widths[i] - row.get(i).length());
                line.append(i == 0 ? " " : "  ");
                line.append(right[i] ? padding + row.get(i) : row.get(i) + padding);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return this;
    }

    Layout findings(List<Finding> findings) {
        if (findings.isEmpty()) {
            return title("Findings: none");
        }
        title("Findings: " + counts(findings));
        Map<String, Integer> shown = new LinkedHashMap<>();
        for (Finding finding : findings) {
            int before = shown.merge(finding.id(), 1, Integer::sum);
            if (before > SHOWN_OF_A_KIND) {
                continue;
            }
            line(finding.severity().name() + "  " + finding.id() + "  " + finding.subject());
            line("  " + finding.message());
            line("  " + Problem.TRY + finding.nextStep());
        }
        shown.forEach((id, count) -> {
            if (count > SHOWN_OF_A_KIND) {
                line("… and " + number(count - SHOWN_OF_A_KIND) + " more of " + id + "; --json lists all");
            }
        });
        return this;
    }

    private static String counts(List<Finding> findings) {
        StringJoiner counts = new StringJoiner(", ");
        for (Severity severity : List.of(Severity.ERROR, Severity.WARNING, Severity.INFO)) {
            long count = findings.stream()
                    .filter(finding -> finding.severity() == severity)
                    .count();
            if (count > 0) {
                counts.add(plural(count, severity == Severity.INFO ? "remark" : severity.label()));
            }
        }
        return counts.toString();
    }

    static String plural(long count, String noun) {
        return number(count) + " " + Counted.noun(count, noun);
    }

    static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    static String decimal(double value, int digits) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%." + digits + "f", value) : Double.toString(value);
    }

    static String bytes(long bytes) {
        if (bytes < 1000) {
            return bytes + " B";
        }
        if (bytes < 1_000_000) {
            return decimal(bytes / 1e3, 1) + " kB";
        }
        return bytes < 1_000_000_000 ? decimal(bytes / 1e6, 1) + " MB" : decimal(bytes / 1e9, 2) + " GB";
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
