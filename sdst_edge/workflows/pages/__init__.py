"""What HTML pages share: the frame, tables, axes and plots. A page is one file that needs nothing else."""
