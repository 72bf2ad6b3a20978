package io.modelassay.inspection;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import java.nio.ByteBuffer;
import java.util.BitSet;

/**
 * Finds rows and columns of a stored matrix that hold zeros only. Stops at the first other value, so that of a matrix without
 * such rows and columns little more than one row and one column are read.
 */
final class ZeroBytes {
    private static final long PIECE_BYTES = 1 << 26;

    private final Checkpoint checkpoint;
    private final TensorInfo tensor;
    private final int element;
    private final boolean signed;
    private final long rows;
    private final int columns;

    private ZeroBytes(Checkpoint checkpoint, TensorInfo tensor) {
        this.checkpoint = checkpoint;
        this.tensor = tensor;
        this.element = tensor.type().bits() / 8;
        this.signed = tensor.type().isFloatingPoint();
        this.rows = tensor.shape().dimension(0);
        this.columns = Math.toIntExact(tensor.shape().dimension(1));
    }

    /** Of a matrix whose elements are whole bytes. */
    static ZeroBytes in(Checkpoint checkpoint, TensorInfo tensor) {
        return new ZeroBytes(checkpoint, tensor);
    }

    /** Sees one row; tells whether the next is wanted. */
    private interface RowVisitor {
        boolean visit(long row, ByteBuffer bytes, int from);
    }

    private void visit(RowVisitor visitor) {
        long rowBytes = (long) columns * element;
        long perPiece = Math.max(1, PIECE_BYTES / Math.max(1, rowBytes));
        for (long first = 0; first < rows; first += perPiece) {
            long count = Math.min(perPiece, rows - first);
            ByteBuffer bytes = checkpoint.map(tensor, first * rowBytes, Math.toIntExact(count * rowBytes));
            for (int i = 0; i < count; i++) {
                if (!visitor.visit(first + i, bytes, Math.toIntExact(i * rowBytes))) {
                    return;
                }
            }
        }
    }

    private boolean isZero(ByteBuffer bytes, int at) {
        // Minus zero is zero too.
        return switch (element) {
            case 1 -> (bytes.get(at) & (signed ? 0x7f : 0xff)) == 0;
            case 2 -> (bytes.getShort(at) & (signed ? 0x7fff : 0xffff)) == 0;
            case 4 -> (bytes.getInt(at) & (signed ? Integer.MAX_VALUE : -1)) == 0;
            default -> (bytes.getLong(at) & (signed ? Long.MAX_VALUE : -1L)) == 0;
        };
    }

    BitSet rows() {
        BitSet zero = new BitSet();
        visit((row, bytes, from) -> {
            int column = 0;
            while (column < columns && isZero(bytes, from + column * element)) {
                column++;
            }
            zero.set((int) row, column == columns);
            return true;
        });
        return zero;
    }

    BitSet columns() {
        BitSet zero = new BitSet();
        zero.set(0, columns);
        visit((row, bytes, from) -> {
            for (int column = zero.nextSetBit(0); column >= 0; column = zero.nextSetBit(column + 1)) {
                if (!isZero(bytes, from + column * element)) {
                    zero.clear(column);
                }
            }
            return !zero.isEmpty();
        });
        return zero;
    }

    /** Whether most of the first row is zero, so that nobody filled this matrix in. */
    private boolean isSparse() {
        int[] zeros = {0};
        visit((row, bytes, from) -> {
            for (int column = 0; column < columns; column++) {
                zeros[0] += isZero(bytes, from + column * element) ? 1 : 0;
            }
            return false;
        });
        return zeros[0] > columns / 2;
    }

    /** How many rows at the end are zero; 0 where half are or more, or most of the first row. */
    int lastRows() {
        return isSparse() ? 0 : last(rows(), Math.toIntExact(rows));
    }

    /** How many columns at the end are zero; 0 where half are or more, or most of the first row. */
    int lastColumns() {
        return isSparse() ? 0 : last(columns(), columns);
    }

    private static int last(BitSet zero, int size) {
        int count = size - 1 - zero.previousClearBit(size - 1);
        return 2L * count >= size ? 0 : count;
    }
}
