package io.modelassay.report;

import io.modelassay.checkpoint.JsonText;
import io.modelassay.failure.Printable;
import java.io.StringWriter;
import java.util.Set;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;
import org.apiguardian.api.API;

/**
 * Writes the elements of an HTML page. It escapes every text and every value of an attribute, and it shows characters that
 * do not print as {@link Printable} does. So no name out of an artifact becomes markup, and none is refused.
 */
@API(status = API.Status.INTERNAL)
public final class HtmlWriter {
    /** Each starts on a line of its own. White space before these changes nothing in a browser. */
    private static final Set<String> BLOCKS = Set.of(
            "html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "h1", "h2", "h3",
            "p", "ul", "li", "div", "table", "thead", "tbody", "tr", "details", "summary", "pre", "script");

    private final StringWriter page = new StringWriter();
    private final XMLStreamWriter xml;

    HtmlWriter() {
        try {
            // The JDK's own factory: another one may shorten an element without content to <a/>, which HTML reads as
            // <a>.
            xml = XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(page);
        } catch (XMLStreamException e) {
            throw inMemory(e);
        }
    }

    /** Starts an element. Its attributes come next, then its content, then {@link #close} or {@link #inside}. */
    public HtmlWriter open(String element) {
        return write(() -> {
            startLine(element);
            xml.writeStartElement(element);
        });
    }

    /** Starts an element of a class of the style sheet, or of several with spaces between them. */
    public HtmlWriter open(String element, String style) {
        return open(element).attribute("class", style);
    }

    /** Gives the element that was just started an attribute. */
    public HtmlWriter attribute(String name, String value) {
        return write(() -> xml.writeAttribute(name, Printable.lines(value)));
    }

    public HtmlWriter text(String text) {
        return write(() -> xml.writeCharacters(Printable.lines(text)));
    }

    /** Ends the innermost open element. */
    public HtmlWriter close() {
        return write(xml::writeEndElement);
    }

    /** Writes the content of the element that was just started, and ends the element. */
    public HtmlWriter inside(Runnable content) {
        content.run();
        return close();
    }

    /** A whole element that holds a text. */
    public HtmlWriter element(String element, String text) {
        return open(element).text(text).close();
    }

    /** A whole element of a class of the style sheet that holds a text. */
    public HtmlWriter element(String element, String style, String text) {
        return open(element, style).text(text).close();
    }

    /** A short verdict on coloured ground: {@code good}, {@code bad} or {@code quiet}. */
    public HtmlWriter badge(String kind, String text) {
        return element("span", "badge " + kind, text);
    }

    /** A section that its heading names; {@code id} is the heading's. */
    public HtmlWriter section(String id, String heading, Runnable content) {
        return open("section").attribute("aria-labelledby", id).inside(() -> {
            open("h2").attribute("id", id).text(heading).close();
            content.run();
        });
    }

    public HtmlWriter link(String address, String text) {
        return open("a").attribute("href", address).text(text).close();
    }

    /** The place of a chart, with what a screen reader says of it. */
    public HtmlWriter chart(String id, String description) {
        return open("canvas")
                .attribute("id", id)
                .attribute("role", "img")
                .attribute("aria-label", description)
                .close();
    }

    /** A document that a script of the page reads. */
    public HtmlWriter data(String id, Object document) {
        return open("script")
                .attribute("type", "application/json")
                .attribute("id", id)
                // A browser takes no escapes back in here, and this text has nothing to escape.
                .write(() -> xml.writeCharacters(JsonText.inScript(document)))
                .close();
    }

    public HtmlWriter script(PageResource script) {
        return open("script").verbatim(script).close();
    }

    /** A file of ours as it is, in an element whose text a browser does not read as markup. */
    HtmlWriter verbatim(PageResource file) {
        return write(() -> {
            // Ends the start tag, which the writer holds back until it knows that no attribute follows.
            xml.writeCharacters("\n");
            xml.flush();
            page.write(file.text());
        });
    }

    /** An element that has neither content nor an end tag. */
    HtmlWriter empty(String element, String... attributes) {
        return write(() -> {
            startLine(element);
            xml.writeEmptyElement(element);
            for (int i = 0; i < attributes.length; i += 2) {
                xml.writeAttribute(attributes[i], attributes[i + 1]);
            }
        });
    }

    HtmlWriter doctype() {
        return write(() -> xml.writeDTD("<!DOCTYPE html>"));
    }

    String page() {
        write(xml::flush);
        return page.toString();
    }

    private void startLine(String element) throws XMLStreamException {
        if (BLOCKS.contains(element)) {
            xml.writeCharacters("\n");
        }
    }

    private interface Step {
        void run() throws XMLStreamException;
    }

    private HtmlWriter write(Step step) {
        try {
            step.run();
            return this;
        } catch (XMLStreamException e) {
            throw inMemory(e);
        }
    }

    /** Only a call at the wrong place can fail, such as a second end of one element. */
    private static IllegalStateException inMemory(XMLStreamException e) {
        return new IllegalStateException("The page is written in a wrong order", e);
    }
}
