package io.modelassay.matrix.result;

import io.modelassay.failure.Printable;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * The document {@code junit.xml}, which CI servers show as test results: a suite a cell, a case a test. What makes a cell worse
 * besides its tests has a case of its own, so that a server counts it.
 */
final class JUnitDocument {
    private final XMLStreamWriter xml;
    private final MatrixResult matrix;

    private JUnitDocument(XMLStreamWriter xml, MatrixResult matrix) {
        this.xml = xml;
        this.matrix = matrix;
    }

    static String of(MatrixResult matrix) {
        StringWriter text = new StringWriter();
        try {
            XMLStreamWriter xml = XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(text);
            new JUnitDocument(xml, matrix).document();
            xml.close();
        } catch (XMLStreamException e) {
            throw new IllegalStateException("writing to memory", e);
        }
        return text.toString();
    }

    private void document() throws XMLStreamException {
        xml.writeStartDocument("UTF-8", "1.0");
        line();
        xml.writeStartElement("testsuites");
        for (CellComparison cell : matrix.cells()) {
            suite(cell);
        }
        line();
        xml.writeEndElement();
        line();
        xml.writeEndDocument();
    }

    private void suite(CellComparison cell) throws XMLStreamException {
        List<Case> cases = cases(cell);
        CellResult result = cell.result();
        line();
        xml.writeStartElement("testsuite");
        attribute("name", cell.suite() + " with " + cell.stack());
        attribute("tests", String.valueOf(cases.size()));
        attribute("failures", count(cases, Kind.FAILURE::equals));
        attribute("errors", count(cases, Kind.ERROR::equals));
        attribute("skipped", count(cases, Kind.SKIPPED::equals));
        attribute("time", seconds(result == null ? 0 : result.measured().seconds()));
        if (result != null && result.measured().started().length() >= 19) {
            attribute("timestamp", result.measured().started().substring(0, 19));
        }
        for (Case each : cases) {
            testCase(each);
        }
        line();
        xml.writeEndElement();
    }

    private List<Case> cases(CellComparison cell) {
        List<Case> cases = new ArrayList<>();
        String place = cell.suite() + "." + cell.stack();
        if (cell.verdict() == Verdict.LOST) {
            String why = Sentences.lost(cell.result());
            String type = cell.result() == null
                    ? "NO_RESULT"
                    : cell.result().outcome() == CellOutcome.COMPLETED
                            ? "NO_BASELINE"
                            : cell.result().outcome().name();
            cases.add(new Case(place, "the cell runs to its end", 0, Kind.ERROR, type, why, why));
        }
        if (cell.result() != null) {
            cell.result().tests().stream().map(test -> test(cell, test)).forEach(cases::add);
        }
        cell.tests().stream()
                .filter(change -> change.worse() && change.after() == null)
                .map(change -> regression(place, change.name(), Sentences.test(change)))
                .forEach(cases::add);
        cell.tensors().stream()
                .filter(TensorChange::worse)
                .map(change -> regression(place, "tensors of " + change.model(), Sentences.tensor(change)))
                .forEach(cases::add);
        cell.figures().stream()
                .filter(FigureChange::worse)
                .map(change -> regression(
                        place,
                        change.figure() + " of " + change.model()
                                + (change.text().isEmpty() ? "" : " on " + change.text()),
                        Sentences.figure(change)))
                .forEach(cases::add);
        return cases;
    }

    private static Case regression(String place, String name, String why) {
        return new Case(place, name, 0, Kind.FAILURE, "REGRESSION", why, why);
    }

    private static Case test(CellComparison cell, TestResult test) {
        String place = cell.suite() + "." + cell.stack();
        String line = FailureKind.firstLine(test.message());
        String text = test.trace().isEmpty() ? test.message() : test.trace();
        return switch (test.outcome()) {
            case PASSED -> new Case(place, test.name(), test.seconds(), Kind.PASSED, "", "", "");
            case FAILED ->
                new Case(
                        place,
                        test.name(),
                        test.seconds(),
                        Kind.FAILURE,
                        FailureKind.of(test).throwable(),
                        line,
                        text);
            case ABORTED, SKIPPED -> new Case(place, test.name(), test.seconds(), Kind.SKIPPED, "", line, "");
            case UNFINISHED ->
                new Case(
                        place,
                        test.name(),
                        test.seconds(),
                        Kind.ERROR,
                        "UNFINISHED",
                        "the JVM ended while it ran",
                        Sentences.lost(cell.result()));
            case NOT_RUN ->
                new Case(place, test.name(), test.seconds(), Kind.SKIPPED, "", "the JVM ended before it began", "");
        };
    }

    private void testCase(Case each) throws XMLStreamException {
        line();
        xml.writeStartElement("testcase");
        attribute("name", each.name());
        attribute("classname", each.place());
        attribute("time", seconds(each.seconds()));
        if (each.kind() != Kind.PASSED) {
            xml.writeStartElement(each.kind().name().toLowerCase(Locale.ROOT));
            attribute("message", each.message());
            if (each.kind() != Kind.SKIPPED) {
                attribute("type", each.type().isEmpty() ? "FAILED" : each.type());
                xml.writeCharacters(allowed(each.text()));
            }
            xml.writeEndElement();
        }
        xml.writeEndElement();
    }

    private void line() throws XMLStreamException {
        xml.writeCharacters("\n");
    }

    private void attribute(String name, String value) throws XMLStreamException {
        xml.writeAttribute(name, allowed(value));
    }

    /** XML 1.0 has no form, not even an escaped one, for most control characters and for lone surrogates. */
    private static String allowed(String raw) {
        String text = Printable.lines(raw);
        StringBuilder allowed = new StringBuilder(text.length());
        text.codePoints().map(c -> isAllowed(c) ? c : 0xFFFD).forEach(allowed::appendCodePoint);
        return allowed.toString();
    }

    private static boolean isAllowed(int c) {
        return switch (c) {
            case '\t', '\n', '\r' -> true;
            default -> (c >= 0x20 && c < 0xD800) || (c >= 0xE000 && c < 0xFFFE) || c > 0xFFFF;
        };
    }

    private static String seconds(double seconds) {
        return String.format(Locale.ROOT, "%.3f", seconds);
    }

    private static String count(List<Case> cases, Predicate<Kind> kind) {
        return String.valueOf(cases.stream().map(Case::kind).filter(kind).count());
    }

    private enum Kind {
        PASSED,
        FAILURE,
        ERROR,
        SKIPPED
    }

    private record Case(
            String place, String name, double seconds, Kind kind, String type, String message, String text) {}
}
