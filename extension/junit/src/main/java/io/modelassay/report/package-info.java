/** What a run leaves behind: JSON documents and one self-contained HTML page. */
@NullMarked
package io.modelassay.report;

import org.jspecify.annotations.NullMarked;
