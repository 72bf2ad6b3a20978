package io.modelassay.checkpoint;

import io.modelassay.failure.Printable;
import java.io.IOException;
import java.io.Writer;

/** Passes a written JSON document on line by line, each as {@link Printable#json} makes it. Leaves the target open. */
final class PrintableLines extends Writer {
    private final Writer target;
    private final StringBuilder line = new StringBuilder();

    PrintableLines(Writer target) {
        this.target = target;
    }

    @Override
    public void write(char[] text, int offset, int length) throws IOException {
        int begin = offset;
        for (int at = offset; at < offset + length; at++) {
            if (text[at] == '\n') {
                line.append(text, begin, at + 1 - begin);
                begin = at + 1;
                pass();
            }
        }
        line.append(text, begin, offset + length - begin);
    }

    private void pass() throws IOException {
        target.write(Printable.json(line.toString()));
        line.setLength(0);
    }

    @Override
    public void flush() throws IOException {
        target.flush();
    }

    @Override
    public void close() throws IOException {
        pass();
        flush();
    }
}
